//! Rows to CSV text: objects under a header, or lists.

const std = @import("std");
const agent = @import("agent");
const table = @import("table.zig");

const Error = agent.Error;
const Value = agent.json.Value;
const gpa = agent.gpa;

/// Append the CSV text of `rows`, the columns and how many rows there are.
pub fn toText(rows: []const Value, options: table.Options, out: *agent.Text) Error!void {
    const is_lists = rows.len > 0 and rows[0] == .array;
    const names: []const []const u8 = options.columns orelse if (is_lists) &.{} else try union_(rows);
    const width = if (is_lists) try widest(rows, names.len, options) else names.len;
    if (width == 0 and rows.len > 0) return agent.refuse("no_columns", "rows without a column cannot be written", .{});
    try table.checkNames(names, "columns");
    var writer: Writer = .{ .options = options };
    if (options.header and width > 0) {
        if (names.len == 0) return agent.refuse("no_header", "lists have no names: give columns, or header false", .{});
        for (names, 0..) |name, place| try writer.text_(name, place, false);
        try writer.end();
    }
    for (rows, 1..) |row, number| {
        for (0..width) |place| try writer.cell(try pick(row, number, place, names, is_lists, options), number, place);
        try writer.end();
    }
    try out.appendSlice(gpa, "{\"csv\":");
    try agent.json.writeString(out, writer.text.items);
    try out.print(gpa, ",\"count\":{d},\"columns\":[", .{rows.len});
    for (names, 0..) |name, i| {
        if (i > 0) try out.append(gpa, ',');
        try agent.json.writeString(out, name);
    }
    try out.appendSlice(gpa, "]}");
}

/// Return every name in the rows, in the order they are first seen.
fn union_(rows: []const Value) Error![]const []const u8 {
    var names: std.ArrayList([]const u8) = .empty;
    var seen: std.StringHashMapUnmanaged(void) = .empty;
    for (rows, 1..) |row, number| {
        if (row != .object) return mixed(number);
        for (row.object.members) |member| {
            if ((try seen.getOrPut(gpa, member.name)).found_existing) continue;
            try names.append(gpa, member.name);
        }
    }
    return names.items;
}

fn widest(rows: []const Value, named: usize, options: table.Options) Error!usize {
    var width = if (named > 0) named else rows[0].array.len;
    for (rows, 1..) |row, number| {
        if (row != .array) return mixed(number);
        const has = row.array.len;
        if (has == width) continue;
        if (options.ragged != .pad or (named > 0 and has > named)) return agent.refuse("ragged_row", "row {d}: {d} cells where there are {d} columns", .{ number, has, width });
        width = @max(width, has);
    }
    if (width > 10_000) return agent.refuse("too_many_columns", "{d} columns, at most 10000 are written", .{width});
    return width;
}

fn mixed(number: usize) Error {
    return agent.refuse("bad_row", "row {d} is not like the others: all are objects, or all are lists", .{number});
}

fn pick(row: Value, number: usize, place: usize, names: []const []const u8, is_lists: bool, options: table.Options) Error!Value {
    if (is_lists) return if (place < row.array.len) row.array[place] else .null;
    if (row != .object) return mixed(number);
    if (row.object.get(names[place])) |found| return found;
    if (options.ragged == .pad) return .null;
    return agent.refuse("ragged_row", "row {d} has no '{s}'", .{ number, agent.short(names[place]) });
}

const Writer = struct {
    options: table.Options,
    text: agent.Text = .empty,

    fn end(writer: *Writer) Error!void {
        try writer.text.appendSlice(gpa, if (writer.options.newline == .crlf) "\r\n" else "\n");
    }

    fn cell(writer: *Writer, value: Value, number: usize, place: usize) Error!void {
        switch (value) {
            .null => try writer.plain("", place),
            .bool => |is| try writer.plain(if (is) "true" else "false", place),
            .number => |spelling| try writer.plain(spelling, place),
            .string => |text| try writer.text_(text, place, writer.options.types == .auto),
            else => return agent.refuse("bad_cell", "row {d}, cell {d} is an {s}; a cell is text, a number, true, false or null", .{ number, place + 1, value.kind() }),
        }
    }

    fn plain(writer: *Writer, text: []const u8, place: usize) Error!void {
        if (place > 0) try writer.text.append(gpa, writer.options.delimiter);
        try writer.text.appendSlice(gpa, text);
    }

    /// Write a text, in quotes when it must be or would else be read as something other than text.
    fn text_(writer: *Writer, text: []const u8, place: usize, is_typed: bool) Error!void {
        const looks_typed = is_typed and (std.mem.eql(u8, text, "true") or std.mem.eql(u8, text, "false") or table.isNumber(text));
        if (!looks_typed and !writer.mustQuote(text)) return writer.plain(text, place);
        try writer.plain("\"", place);
        var start: usize = 0;
        while (std.mem.findScalarPos(u8, text, start, '"')) |at| {
            try writer.text.appendSlice(gpa, text[start .. at + 1]);
            try writer.text.append(gpa, '"');
            start = at + 1;
        }
        try writer.text.appendSlice(gpa, text[start..]);
        try writer.text.append(gpa, '"');
    }

    fn mustQuote(writer: *Writer, text: []const u8) bool {
        // A byte order mark at the very beginning would be taken for the file's own.
        if (text.len == 0 or std.mem.startsWith(u8, text, "\xEF\xBB\xBF")) return true;
        for (text) |byte| if (byte == '"' or byte == '\n' or byte == '\r' or byte == writer.options.delimiter) return true;
        return false;
    }
};
