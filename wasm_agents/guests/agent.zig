//! What a Zig guest needs to speak agent/1: memory, the exports the host calls, and refusals.
//!
//! A guest is one file beside this one's folder that says `agent.serve(answer)`:
//!
//!     fn answer(input: json.Value, out: *agent.Text) agent.Error!void
//!
//! `answer` appends the JSON of its value to `out`, or refuses. Nothing a caller
//! sends may trap: what cannot be read is refused, and so is what does not fit in memory.

const std = @import("std");

pub const json = @import("json.zig");
pub const decimal = @import("decimal.zig");
pub const inputs = @import("inputs.zig");

pub const Error = error{ OutOfMemory, Refused };
pub const Text = std.ArrayList(u8);

const page_bytes = 64 * 1024;
const full = "{\"error\":{\"code\":\"out_of_memory\",\"message\":\"the guest's memory is full\"}}";

// A pointer that only grows. Every call begins where the first began, so an
// instance that is called again does not keep what it needed before.
var base: usize = 0;
var top: usize = 0;
var has_answered = false;

/// Takes memory and gives none back until the next call; what was taken last may grow in place.
pub const gpa: std.mem.Allocator = .{ .ptr = undefined, .vtable = &.{
    .alloc = take,
    .resize = resize,
    .remap = remap,
    .free = keep,
} };

fn reach(end: usize) bool {
    const have = @as(usize, @wasmMemorySize(0)) * page_bytes;
    if (end <= have) return true;
    return @wasmMemoryGrow(0, (end - have + page_bytes - 1) / page_bytes) >= 0;
}

fn take(_: *anyopaque, length: usize, alignment: std.mem.Alignment, _: usize) ?[*]u8 {
    if (base == 0) {
        base = @as(usize, @wasmMemorySize(0)) * page_bytes;
        top = base;
    }
    // 3 GiB is more than a manifest may ask for, and keeps the sums from wrapping.
    if (length > 3 << 30 or top > 3 << 30) return null;
    const start = alignment.forward(top);
    const end = start +| length;
    if (!reach(end)) return null;
    top = end;
    return @ptrFromInt(start);
}

fn resize(_: *anyopaque, memory: []u8, _: std.mem.Alignment, length: usize, _: usize) bool {
    if (length <= memory.len) return true;
    const start = @intFromPtr(memory.ptr);
    if (start + memory.len != top or length > 3 << 30) return false;
    const end = start +| length;
    if (!reach(end)) return false;
    top = end;
    return true;
}

fn remap(context: *anyopaque, memory: []u8, alignment: std.mem.Alignment, length: usize, caller: usize) ?[*]u8 {
    return if (resize(context, memory, alignment, length, caller)) memory.ptr else null;
}

fn keep(_: *anyopaque, _: []u8, _: std.mem.Alignment, _: usize) void {}

const Refusal = struct { code: []const u8, message: []const u8, retryable: bool = false };
var refusal: Refusal = undefined;

/// Return the error that ends the call; the host shows `code` and the message.
pub fn refuse(code: []const u8, comptime format: []const u8, values: anytype) Error {
    const message = std.fmt.allocPrint(gpa, format, values) catch return error.OutOfMemory;
    refusal = .{ .code = code, .message = message };
    return error.Refused;
}

/// Return an error of which the same call, made later, may be free.
pub fn refuseForNow(code: []const u8, comptime format: []const u8, values: anytype) Error {
    const failure = refuse(code, format, values);
    refusal.retryable = failure == error.Refused;
    return failure;
}

/// Return what a message may show of a text: 60 bytes, whole characters.
pub fn short(text: []const u8) []const u8 {
    if (text.len <= 60) return text;
    var end: usize = 60;
    while (end > 0 and text[end] & 0xC0 == 0x80) end -= 1;
    return text[0..end];
}

pub const Answer = fn (input: json.Value, out: *Text) Error!void;

/// Export what the host calls; say it in a `comptime` block of the guest's file.
pub fn serve(comptime answer: Answer) void {
    const exports = struct {
        fn alloc(length: usize) callconv(.c) usize {
            if (has_answered) top = base;
            has_answered = false;
            const found = take(undefined, @max(length, 1), .@"16", 0) orelse return 0;
            return @intFromPtr(found);
        }

        fn dealloc(_: usize, _: usize) callconv(.c) void {}

        fn execute(pointer: usize, length: usize) callconv(.c) u64 {
            has_answered = true;
            var out: Text = .empty;
            reply(pointer, length, &out) catch |failure| {
                if (failure == error.OutOfMemory) return pack(full);
                out = .empty;
                writeRefusal(&out) catch return pack(full);
            };
            return pack(out.items);
        }

        fn reply(pointer: usize, length: usize, out: *Text) Error!void {
            const input: []const u8 = if (length == 0) "" else @as([*]const u8, @ptrFromInt(pointer))[0..length];
            const value = try json.read(input);
            try out.appendSlice(gpa, "{\"ok\":");
            try answer(value, out);
            try out.append(gpa, '}');
        }
    };
    @export(&exports.alloc, .{ .name = "alloc" });
    @export(&exports.dealloc, .{ .name = "dealloc" });
    @export(&exports.execute, .{ .name = "execute" });
}

fn pack(text: []const u8) u64 {
    return @as(u64, @intFromPtr(text.ptr)) << 32 | text.len;
}

fn writeRefusal(out: *Text) Error!void {
    try out.appendSlice(gpa, "{\"error\":{\"code\":");
    try json.writeString(out, refusal.code);
    try out.appendSlice(gpa, ",\"message\":");
    try json.writeString(out, refusal.message);
    if (refusal.retryable) try out.appendSlice(gpa, ",\"retryable\":true");
    try out.appendSlice(gpa, "}}");
}
