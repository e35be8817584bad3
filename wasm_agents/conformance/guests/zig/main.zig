//! The conformance guest in Zig: one operation a call, named by `op`.

const std = @import("std");
const agent = @import("agent");

const Value = agent.json.Value;
const gpa = agent.gpa;

var calls: usize = 0;

comptime {
    agent.serve(answer);
}

const Op = enum { echo, kind, length, codes, chars, keys, count, sum, flood, not_json, not_utf8, crash, fail, spin, eat, recurse, bump };

fn answer(input: Value, out: *agent.Text) agent.Error!void {
    const given = switch (input) {
        .object => |found| found,
        else => return unknown(),
    };
    const name = switch (given.get("op") orelse Value{ .null = {} }) {
        .string => |found| found,
        else => return unknown(),
    };
    const op = std.meta.stringToEnum(Op, name) orelse return unknown();
    switch (op) {
        .echo => try agent.json.write(out, given.get("value") orelse .null),
        .kind => try agent.json.writeString(out, @as(Value, given.get("value") orelse .null).kind()),
        .length => try agent.json.writeNumber(out, characters(try text(given, "text"))),
        .codes => try codes(try text(given, "text"), out),
        .chars => try chars(try list(given, "codes"), out),
        .keys => try keys(given.get("value") orelse .null, out),
        .count => try agent.json.writeNumber(out, size(given.get("value") orelse .null)),
        .sum => try sum(try list(given, "numbers"), out),
        .flood => try flood(@intCast(try whole(given.get("bytes") orelse .null)), out),
        .not_json => try out.appendSlice(gpa, "nope"),
        .not_utf8 => try out.appendSlice(gpa, "\"\xff\""),
        .crash => @trap(),
        .fail => return fail(given),
        .spin => spin(),
        .eat => eat(),
        .recurse => try agent.json.writeNumber(out, recurse(1)),
        .bump => {
            calls += 1;
            try agent.json.writeNumber(out, calls);
        },
    }
}

fn unknown() agent.Error {
    return agent.refuse("unknown_op", "op is missing or unknown", .{});
}

fn text(given: *const agent.json.Object, name: []const u8) agent.Error![]const u8 {
    return try agent.inputs.string(given, name) orelse agent.refuse("bad_input", "{s} is missing", .{name});
}

fn list(given: *const agent.json.Object, name: []const u8) agent.Error![]const Value {
    return try agent.inputs.array(given, name) orelse agent.refuse("bad_input", "{s} is missing", .{name});
}

fn whole(value: Value) agent.Error!i64 {
    if (value == .number) {
        if (std.fmt.parseInt(i64, value.number, 10)) |found| return found else |_| {}
    }
    return agent.refuse("bad_input", "not a whole number", .{});
}

fn size(value: Value) usize {
    return switch (value) {
        .array => |items| items.len,
        .object => |found| found.members.len,
        else => 0,
    };
}

fn characters(given: []const u8) usize {
    var found: usize = 0;
    for (given) |byte| found += @intFromBool(byte & 0xC0 != 0x80);
    return found;
}

fn codes(given: []const u8, out: *agent.Text) agent.Error!void {
    var points = std.unicode.Utf8View.initUnchecked(given).iterator();
    var before: []const u8 = "[";
    while (points.nextCodepoint()) |point| {
        try out.appendSlice(gpa, before);
        try agent.json.writeNumber(out, point);
        before = ",";
    }
    if (before[0] == '[') try out.append(gpa, '[');
    try out.append(gpa, ']');
}

fn chars(given: []const Value, out: *agent.Text) agent.Error!void {
    var made: agent.Text = .empty;
    for (given) |value| {
        var bytes: [4]u8 = undefined;
        const point = std.math.cast(u21, try whole(value)) orelse 0;
        const length = std.unicode.utf8Encode(point, &bytes) catch return agent.refuse("bad_input", "no character", .{});
        try made.appendSlice(gpa, bytes[0..length]);
    }
    try agent.json.writeString(out, made.items);
}

fn keys(value: Value, out: *agent.Text) agent.Error!void {
    try out.append(gpa, '[');
    if (value == .object) for (value.object.members, 0..) |member, i| {
        if (i > 0) try out.append(gpa, ',');
        try agent.json.writeString(out, member.name);
    };
    try out.append(gpa, ']');
}

fn sum(numbers: []const Value, out: *agent.Text) agent.Error!void {
    var total: i64 = 0;
    for (numbers) |number| total +%= try whole(number);
    try out.print(gpa, "{d}", .{total});
}

fn flood(bytes: usize, out: *agent.Text) agent.Error!void {
    try out.append(gpa, '"');
    try out.appendNTimes(gpa, 'x', bytes);
    try out.append(gpa, '"');
}

fn fail(given: *const agent.json.Object) agent.Error {
    const said = .{try text(given, "message")};
    const retryable = try agent.inputs.flag(given, "retryable", false);
    const code = try text(given, "code");
    return if (retryable) agent.refuseForNow(code, "{s}", said) else agent.refuse(code, "{s}", said);
}

fn spin() noreturn {
    const turns: *volatile usize = &calls;
    while (true) turns.* +%= 1;
}

fn eat() noreturn {
    while (gpa.alloc(u8, 64 * 1024)) |block| block[0] = 1 else |_| @trap();
}

fn recurse(depth: usize) usize {
    const turns: *volatile usize = &calls;
    turns.* = depth;
    return recurse(depth + 1) + turns.*;
}
