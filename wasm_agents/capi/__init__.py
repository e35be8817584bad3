"""The C API that ships in the wasmtime wheel, called directly."""
