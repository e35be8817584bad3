//! A template's nodes to text, within what it may print and how long it may take.

const std = @import("std");
const agent = @import("agent");
const parsing = @import("parsing.zig");

const Error = agent.Error;
const Node = parsing.Node;
const Path = parsing.Path;
const Value = agent.json.Value;
const gpa = agent.gpa;

const max_steps = 2_000_000;
const max_absent = 100;

pub const Missing = enum { @"error", empty, keep };

/// What names mean in a block: the value it is about, then what the block stands in.
pub const Scope = struct {
    value: Value,
    outer: ?*const Scope = null,
    /// Of an #each: which turn this is, of how many, and the member's name.
    turn: ?struct { index: usize, count: usize, key: ?[]const u8 } = null,
};

pub const Renderer = struct {
    missing: Missing,
    max_bytes: usize,
    text: agent.Text = .empty,
    absent: std.ArrayList([]const u8) = .empty,
    steps: usize = 0,

    pub fn render(renderer: *Renderer, nodes: []const Node, scope: *const Scope) Error!void {
        for (nodes) |node| {
            renderer.steps += 1;
            if (renderer.steps > max_steps) return agent.refuse("too_much_work", "line {d}: the template takes more than {d} steps", .{ node.line, max_steps });
            switch (node.what) {
                .text => |text| try renderer.text.appendSlice(gpa, text),
                .print => |place| try renderer.print(node, place.path, place.escape, scope),
                .block => |block| try renderer.branch(node, block, scope),
            }
            if (renderer.text.items.len > renderer.max_bytes) return agent.refuse("too_large", "the text is longer than {d} bytes", .{renderer.max_bytes});
        }
    }

    fn print(renderer: *Renderer, node: Node, path: Path, escape: parsing.Escape, scope: *const Scope) Error!void {
        const found = try find(path, scope);
        // null under json is a value like any other; in a text nothing stands for it.
        const value = if (found != null and (found.? != .null or escape == .json)) found.? else {
            try renderer.note(node, path);
            if (renderer.missing == .keep) try renderer.text.appendSlice(gpa, node.tag);
            return;
        };
        if (escape == .json) return agent.json.write(&renderer.text, value);
        const text = switch (value) {
            .string, .number => |text| text,
            .bool => |is| if (is) "true" else "false",
            else => return agent.refuse("not_text", "line {d}: '{s}' is an {s}; print its parts, or all of it with | json", .{ node.line, agent.short(path.spelled), value.kind() }),
        };
        try writeEscaped(&renderer.text, text, escape);
    }

    fn note(renderer: *Renderer, node: Node, path: Path) Error!void {
        if (renderer.missing == .@"error") return agent.refuse("missing_value", "line {d}: the values have no '{s}'", .{ node.line, agent.short(path.spelled) });
        for (renderer.absent.items) |known| if (std.mem.eql(u8, known, path.spelled)) return;
        if (renderer.absent.items.len < max_absent) try renderer.absent.append(gpa, path.spelled);
    }

    fn branch(renderer: *Renderer, node: Node, block: parsing.Block, scope: *const Scope) Error!void {
        const value = try find(block.path, scope) orelse .null;
        if (block.kind == .each) return renderer.repeat(node, block, value, scope);
        const is_taken = isTrue(value) == (block.kind == .@"if");
        try renderer.render(if (is_taken) block.body else block.otherwise, scope);
    }

    fn repeat(renderer: *Renderer, node: Node, block: parsing.Block, value: Value, scope: *const Scope) Error!void {
        const count = switch (value) {
            .array => |items| items.len,
            .object => |object| object.members.len,
            .null => none: {
                try renderer.note(node, block.path);
                break :none 0;
            },
            else => return agent.refuse("not_a_list", "line {d}: '{s}' is a {s}; #each takes a list or an object", .{ node.line, agent.short(block.path.spelled), value.kind() }),
        };
        if (count == 0) return renderer.render(block.otherwise, scope);
        for (0..count) |index| {
            renderer.steps += 1;
            const member = if (value == .object) value.object.members[index] else null;
            const inner: Scope = .{
                .value = if (member) |found| found.value else value.array[index],
                .outer = scope,
                .turn = .{ .index = index, .count = count, .key = if (member) |found| found.name else null },
            };
            try renderer.render(block.body, &inner);
        }
    }
};

/// Return what a path names; its first name is looked for from the inside out.
fn find(path: Path, scope: *const Scope) Error!?Value {
    const first = path.segments[0];
    var here: ?Value = null;
    if (std.mem.eql(u8, first, "this")) {
        here = scope.value;
    } else if (std.mem.startsWith(u8, first, "@")) {
        here = try about(first[1..], scope);
    } else {
        var level: ?*const Scope = scope;
        while (level) |found| : (level = found.outer) {
            if (found.value == .object) here = found.value.object.get(first);
            if (here != null) break;
        }
    }
    for (path.segments[1..]) |segment| {
        switch (here orelse return null) {
            .object => |object| here = object.get(segment),
            .array => |items| {
                const index = std.fmt.parseInt(u32, segment, 10) catch return null;
                here = if (index < items.len) items[index] else null;
            },
            else => return null,
        }
    }
    return here;
}

fn about(name: []const u8, scope: *const Scope) Error!?Value {
    var level = scope;
    if (std.mem.eql(u8, name, "root")) {
        while (level.outer) |outer| level = outer;
        return level.value;
    }
    const turn = scope.turn orelse return null;
    if (std.mem.eql(u8, name, "index")) return .{ .number = try std.fmt.allocPrint(gpa, "{d}", .{turn.index}) };
    if (std.mem.eql(u8, name, "number")) return .{ .number = try std.fmt.allocPrint(gpa, "{d}", .{turn.index + 1}) };
    if (std.mem.eql(u8, name, "first")) return .{ .bool = turn.index == 0 };
    if (std.mem.eql(u8, name, "last")) return .{ .bool = turn.index + 1 == turn.count };
    if (std.mem.eql(u8, name, "key")) return if (turn.key) |key| .{ .string = key } else null;
    return null;
}

fn isTrue(value: Value) bool {
    return switch (value) {
        .null => false,
        .bool => |is| is,
        // Every spelling of zero has no other digit before its exponent.
        .number => |text| std.mem.findAny(u8, text[0 .. std.mem.findAny(u8, text, "eE") orelse text.len], "123456789") != null,
        .string => |text| text.len > 0,
        .array => |items| items.len > 0,
        .object => |object| object.members.len > 0,
    };
}

fn writeEscaped(out: *agent.Text, text: []const u8, escape: parsing.Escape) Error!void {
    switch (escape) {
        .none, .json => try out.appendSlice(gpa, text),
        .html => for (text) |byte| switch (byte) {
            '&' => try out.appendSlice(gpa, "&amp;"),
            '<' => try out.appendSlice(gpa, "&lt;"),
            '>' => try out.appendSlice(gpa, "&gt;"),
            '"' => try out.appendSlice(gpa, "&quot;"),
            '\'' => try out.appendSlice(gpa, "&#39;"),
            else => try out.append(gpa, byte),
        },
        .csv => {
            if (std.mem.findAny(u8, text, ",;\t\"\r\n") == null) return out.appendSlice(gpa, text);
            try out.append(gpa, '"');
            for (text) |byte| try out.appendSlice(gpa, if (byte == '"') "\"\"" else &.{byte});
            try out.append(gpa, '"');
        },
    }
}
