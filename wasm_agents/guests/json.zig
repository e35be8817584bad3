//! JSON as a guest reads and writes it: strict, members in order, numbers as they were spelled.

const std = @import("std");
const agent = @import("agent.zig");

const Error = agent.Error;
const gpa = agent.gpa;

/// Lists and objects in each other; deeper input is refused.
pub const max_depth = 128;

pub const Value = union(enum) {
    null,
    bool: bool,
    /// The number's own spelling, so that no digit is lost.
    number: []const u8,
    string: []const u8,
    array: []const Value,
    object: *const Object,

    /// Return the JSON Schema name of its type, `number` for every number.
    pub fn kind(value: Value) []const u8 {
        return switch (value) {
            .bool => "boolean",
            else => @tagName(value),
        };
    }
};

pub const Member = struct { name: []const u8, value: Value };

pub const Object = struct {
    members: []const Member,
    /// Places in `members` plus one, by hash; empty when the object is small.
    slots: []u32 = &.{},

    /// Return the value of a member, null when there is none.
    pub fn get(object: *const Object, name: []const u8) ?Value {
        if (object.slots.len == 0) {
            for (object.members) |member| if (std.mem.eql(u8, member.name, name)) return member.value;
            return null;
        }
        const place = object.slots[object.slot(name)];
        return if (place == 0) null else object.members[place - 1].value;
    }

    /// Return the slot that holds the name, or the free one where it would go.
    fn slot(object: *const Object, name: []const u8) usize {
        const mask = object.slots.len - 1;
        var at: usize = std.hash.Fnv1a_32.hash(name) & mask;
        while (object.slots[at] != 0) : (at = (at + 1) & mask) {
            if (std.mem.eql(u8, object.members[object.slots[at] - 1].name, name)) break;
        }
        return at;
    }

    /// Build the index; false when a name stands twice.
    fn index(object: *Object) Error!bool {
        const members = object.members;
        if (members.len <= 8) {
            for (members, 0..) |member, i| {
                for (members[0..i]) |before| if (std.mem.eql(u8, before.name, member.name)) return false;
            }
            return true;
        }
        var size: usize = 32;
        while (size < members.len * 2) size *= 2;
        object.slots = try gpa.alloc(u32, size);
        @memset(object.slots, 0);
        for (members, 1..) |member, place| {
            const at = object.slot(member.name);
            if (object.slots[at] != 0) return false;
            object.slots[at] = @intCast(place);
        }
        return true;
    }
};

/// Read one JSON value; its strings may lie in `text`.
pub fn read(text: []const u8) Error!Value {
    if (!std.unicode.utf8ValidateSlice(text)) return agent.refuse("bad_json", "the input is not UTF-8", .{});
    var reader: Reader = .{ .text = text };
    const value = try reader.value(0);
    reader.skipSpace();
    if (reader.at != text.len) return reader.bad("more than one value");
    return value;
}

const Reader = struct {
    text: []const u8,
    at: usize = 0,
    /// Items and members of the lists and objects that are open.
    items: std.ArrayList(Value) = .empty,
    members: std.ArrayList(Member) = .empty,

    fn bad(reader: *Reader, what: []const u8) Error {
        return agent.refuse("bad_json", "not JSON at byte {d}: {s}", .{ reader.at, what });
    }

    fn skipSpace(reader: *Reader) void {
        while (reader.at < reader.text.len) : (reader.at += 1) {
            switch (reader.text[reader.at]) {
                ' ', '\t', '\n', '\r' => {},
                else => return,
            }
        }
    }

    fn peek(reader: *Reader) u8 {
        return if (reader.at < reader.text.len) reader.text[reader.at] else 0;
    }

    fn nextIs(reader: *Reader, wanted: u8) bool {
        reader.skipSpace();
        if (reader.peek() != wanted) return false;
        reader.at += 1;
        return true;
    }

    fn value(reader: *Reader, depth: usize) Error!Value {
        reader.skipSpace();
        switch (reader.peek()) {
            '"' => return .{ .string = try reader.string() },
            '-', '0'...'9' => return .{ .number = try reader.number() },
            '[', '{' => {
                if (depth == max_depth) return agent.refuse("too_deep", "JSON nested deeper than {d} levels", .{max_depth});
                const opening = reader.text[reader.at];
                reader.at += 1;
                return if (opening == '[') reader.array(depth + 1) else reader.object(depth + 1);
            },
            else => {},
        }
        if (reader.word("true")) return .{ .bool = true };
        if (reader.word("false")) return .{ .bool = false };
        if (reader.word("null")) return .null;
        return reader.bad("no value");
    }

    fn word(reader: *Reader, wanted: []const u8) bool {
        if (!std.mem.startsWith(u8, reader.text[reader.at..], wanted)) return false;
        reader.at += wanted.len;
        return true;
    }

    fn array(reader: *Reader, depth: usize) Error!Value {
        if (reader.nextIs(']')) return .{ .array = &.{} };
        const start = reader.items.items.len;
        while (true) {
            try reader.items.append(gpa, try reader.value(depth));
            if (!reader.nextIs(',')) break;
        }
        if (!reader.nextIs(']')) return reader.bad("a list does not end");
        const found = try gpa.dupe(Value, reader.items.items[start..]);
        reader.items.shrinkRetainingCapacity(start);
        return .{ .array = found };
    }

    fn object(reader: *Reader, depth: usize) Error!Value {
        const found = try gpa.create(Object);
        found.* = .{ .members = &.{} };
        if (reader.nextIs('}')) return .{ .object = found };
        const start = reader.members.items.len;
        while (true) {
            reader.skipSpace();
            if (reader.peek() != '"') return reader.bad("a member has no name");
            const name = try reader.string();
            if (!reader.nextIs(':')) return reader.bad("a member has no value");
            try reader.members.append(gpa, .{ .name = name, .value = try reader.value(depth) });
            if (!reader.nextIs(',')) break;
        }
        if (!reader.nextIs('}')) return reader.bad("an object does not end");
        found.members = try gpa.dupe(Member, reader.members.items[start..]);
        reader.members.shrinkRetainingCapacity(start);
        if (!try found.index()) return reader.bad("a name stands twice in one object");
        return .{ .object = found };
    }

    fn digits(reader: *Reader) Error!void {
        const start = reader.at;
        while (std.ascii.isDigit(reader.peek())) reader.at += 1;
        if (reader.at == start) return reader.bad("a number without a digit");
    }

    fn number(reader: *Reader) Error![]const u8 {
        const start = reader.at;
        if (reader.peek() == '-') reader.at += 1;
        if (reader.peek() == '0') reader.at += 1 else try reader.digits();
        if (reader.peek() == '.') {
            reader.at += 1;
            try reader.digits();
        }
        if (reader.peek() | 32 == 'e') {
            reader.at += 1;
            if (reader.peek() == '+' or reader.peek() == '-') reader.at += 1;
            try reader.digits();
        }
        return reader.text[start..reader.at];
    }

    fn string(reader: *Reader) Error![]const u8 {
        reader.at += 1;
        const start = reader.at;
        while (reader.at < reader.text.len) : (reader.at += 1) {
            switch (reader.text[reader.at]) {
                '"' => {
                    reader.at += 1;
                    return reader.text[start .. reader.at - 1];
                },
                '\\' => return reader.escaped(start),
                0...31 => return reader.bad("a control character in a string"),
                else => {},
            }
        }
        return reader.bad("a string does not end");
    }

    /// Read on from the first escape of a string that began at `start`.
    fn escaped(reader: *Reader, start: usize) Error![]const u8 {
        var found: agent.Text = .empty;
        try found.appendSlice(gpa, reader.text[start..reader.at]);
        while (reader.at < reader.text.len) {
            const here = reader.text[reader.at];
            reader.at += 1;
            switch (here) {
                '"' => return found.items,
                '\\' => try reader.escape(&found),
                0...31 => return reader.bad("a control character in a string"),
                else => try found.append(gpa, here),
            }
        }
        return reader.bad("a string does not end");
    }

    fn escape(reader: *Reader, found: *agent.Text) Error!void {
        const name = reader.peek();
        reader.at += 1;
        const meant: u8 = switch (name) {
            '"', '\\', '/' => name,
            'b' => 8,
            'f' => 12,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                var bytes: [4]u8 = undefined;
                const length = std.unicode.utf8Encode(try reader.codePoint(), &bytes) catch return reader.bad("a lone surrogate");
                return found.appendSlice(gpa, bytes[0..length]);
            },
            else => return reader.bad("an unknown escape"),
        };
        try found.append(gpa, meant);
    }

    /// Read what follows `\u`: one code point, of two escapes when the first is a high surrogate.
    fn codePoint(reader: *Reader) Error!u21 {
        const high = try reader.hex4();
        if (high < 0xD800 or high > 0xDBFF) return high;
        if (!reader.word("\\u")) return reader.bad("a lone surrogate");
        const low = try reader.hex4();
        if (low < 0xDC00 or low > 0xDFFF) return reader.bad("a lone surrogate");
        return 0x10000 + (@as(u21, high - 0xD800) << 10) + (low - 0xDC00);
    }

    fn hex4(reader: *Reader) Error!u16 {
        if (reader.text.len - @min(reader.at, reader.text.len) < 4) return reader.bad("a string does not end");
        var found: u16 = 0;
        for (reader.text[reader.at..][0..4]) |digit| {
            const nibble = std.fmt.charToDigit(digit, 16) catch return reader.bad("an unknown escape");
            found = found << 4 | nibble;
        }
        reader.at += 4;
        return found;
    }
};

/// Append a JSON string.
pub fn writeString(out: *agent.Text, text: []const u8) Error!void {
    try out.append(gpa, '"');
    var start: usize = 0;
    for (text, 0..) |byte, at| {
        if (byte >= 32 and byte != '"' and byte != '\\') continue;
        try out.appendSlice(gpa, text[start..at]);
        start = at + 1;
        switch (byte) {
            '"', '\\' => try out.appendSlice(gpa, &.{ '\\', byte }),
            '\n' => try out.appendSlice(gpa, "\\n"),
            '\r' => try out.appendSlice(gpa, "\\r"),
            '\t' => try out.appendSlice(gpa, "\\t"),
            else => {
                const hex = "0123456789abcdef";
                try out.appendSlice(gpa, &.{ '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] });
            },
        }
    }
    try out.appendSlice(gpa, text[start..]);
    try out.append(gpa, '"');
}

/// Append any value, numbers as they were spelled.
pub fn write(out: *agent.Text, value: Value) Error!void {
    switch (value) {
        .null => try out.appendSlice(gpa, "null"),
        .bool => |is| try out.appendSlice(gpa, if (is) "true" else "false"),
        .number => |text| try out.appendSlice(gpa, text),
        .string => |text| try writeString(out, text),
        .array => |items| {
            try out.append(gpa, '[');
            for (items, 0..) |item, i| {
                if (i > 0) try out.append(gpa, ',');
                try write(out, item);
            }
            try out.append(gpa, ']');
        },
        .object => |found| {
            try out.append(gpa, '{');
            for (found.members, 0..) |member, i| {
                if (i > 0) try out.append(gpa, ',');
                try writeString(out, member.name);
                try out.append(gpa, ':');
                try write(out, member.value);
            }
            try out.append(gpa, '}');
        },
    }
}

pub fn writeNumber(out: *agent.Text, number: usize) Error!void {
    try out.print(gpa, "{d}", .{number});
}
