"""Write, build and try an agent in C, Zig, JavaScript or Python, with compilers from PyPI and npm."""
