//! table: CSV text (RFC 4180) to rows, and rows to CSV text.
//!
//! With `types` auto, what one way writes the other way reads back as it was: a
//! text that looks like a number, true, false or nothing is quoted, and only an
//! unquoted cell becomes something else than text.

const std = @import("std");
const agent = @import("agent");
const reading = @import("reading.zig");
const writing = @import("writing.zig");

const inputs = agent.inputs;

pub const panic = std.debug.no_panic;

comptime {
    agent.serve(answer);
}

fn answer(input: agent.json.Value, out: *agent.Text) agent.Error!void {
    const given = try inputs.open(input, &.{ "csv", "rows", "delimiter", "header", "columns", "types", "ragged", "newline" });
    const text = try inputs.string(given, "csv");
    const rows = try inputs.array(given, "rows");
    if ((text == null) == (rows == null)) return agent.refuse("bad_input", "give either csv or rows", .{});
    const common: Options = .{
        .delimiter = try delimiter(given),
        .header = try inputs.flag(given, "header", true),
        .columns = try columns(given),
        .types = try inputs.choice(Types, given, "types", .auto),
        .ragged = try inputs.choice(Ragged, given, "ragged", .@"error"),
        .newline = try inputs.choice(Newline, given, "newline", .crlf),
    };
    if (text) |found| try reading.toRows(found, common, out) else try writing.toText(rows.?, common, out);
}

pub const Types = enum { auto, text };
pub const Ragged = enum { @"error", pad };
pub const Newline = enum { crlf, lf };

pub const Options = struct {
    delimiter: u8,
    header: bool,
    columns: ?[]const []const u8,
    types: Types,
    ragged: Ragged,
    newline: Newline,
};

fn delimiter(given: *const agent.json.Object) agent.Error!u8 {
    const text = try inputs.string(given, "delimiter") orelse return ',';
    if (text.len == 1) switch (text[0]) {
        ',', ';', '\t', '|', ':', '^', '~', ' ' => return text[0],
        else => {},
    };
    return agent.refuse("bad_input", "delimiter is '{s}'; it may be one of , ; | : ^ ~ a tab or a space", .{agent.short(text)});
}

fn columns(given: *const agent.json.Object) agent.Error!?[]const []const u8 {
    const items = try inputs.array(given, "columns") orelse return null;
    const names = try agent.gpa.alloc([]const u8, items.len);
    for (items, names) |item, *name| name.* = switch (item) {
        .string => |text| text,
        else => return agent.refuse("bad_input", "columns is not a list of strings", .{}),
    };
    try checkNames(names, "columns");
    return names;
}

/// Refuse names that cannot tell columns apart.
pub fn checkNames(names: []const []const u8, where: []const u8) agent.Error!void {
    if (names.len > 10_000) return agent.refuse("too_many_columns", "{s}: {d} columns, at most 10000 are read", .{ where, names.len });
    var seen: std.StringHashMapUnmanaged(void) = .empty;
    for (names, 1..) |name, place| {
        if (name.len == 0) return agent.refuse("bad_header", "{s}: column {d} has no name", .{ where, place });
        const entry = try seen.getOrPut(agent.gpa, name);
        if (entry.found_existing) return agent.refuse("bad_header", "{s}: two columns are called '{s}'", .{ where, agent.short(name) });
    }
}

/// Return whether an unquoted cell stands for a number: one that a JSON number writes no other way.
///
/// 007, 1.50, +1 and 1E5 stay text, for a number would lose how they are spelled.
pub fn isNumber(cell: []const u8) bool {
    const body = if (std.mem.startsWith(u8, cell, "-")) cell[1..] else cell;
    if (body.len == 0 or body.len > 300 or std.mem.eql(u8, cell, "-0")) return false;
    const mark = std.mem.findScalar(u8, body, 'e');
    const plain = body[0 .. mark orelse body.len];
    if (mark) |at| {
        // As an exponent is written: a sign, two digits or three; a code like 12e5 stays text.
        const tail = body[at + 1 ..];
        if (tail.len < 3 or tail.len > 4 or (tail[0] != '-' and tail[0] != '+') or !allDigits(tail[1..])) return false;
        if (tail.len == 4 and tail[1] == '0') return false;
        // Above, a number may be more than a double holds.
        if (tail.len == 4 and std.mem.order(u8, tail[1..], "307") == .gt) return false;
    }
    const point = std.mem.findScalar(u8, plain, '.');
    const whole = plain[0 .. point orelse plain.len];
    if (!allDigits(whole) or (whole.len > 1 and (whole[0] == '0' or mark != null))) return false;
    const fraction = if (point) |at| plain[at + 1 ..] else return true;
    if (!allDigits(fraction) or whole.len + fraction.len > 25) return false;
    return fraction[fraction.len - 1] != '0' or (fraction.len == 1 and mark == null);
}

fn allDigits(text: []const u8) bool {
    for (text) |byte| if (!std.ascii.isDigit(byte)) return false;
    return text.len > 0;
}
