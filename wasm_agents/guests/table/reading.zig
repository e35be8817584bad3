//! CSV text to rows: one pass, errors by the line a record begins on.

const std = @import("std");
const agent = @import("agent");
const table = @import("table.zig");

const Error = agent.Error;
const gpa = agent.gpa;
const json = agent.json;

const Cell = struct { text: []const u8, is_quoted: bool };

/// Append the rows of `text`, their columns and how many there are.
pub fn toRows(text: []const u8, options: table.Options, out: *agent.Text) Error!void {
    const has_mark = std.mem.startsWith(u8, text, "\xEF\xBB\xBF");
    var scanner: Scanner = .{ .text = if (has_mark) text[3..] else text, .delimiter = options.delimiter };
    const shape = try Shape.read(&scanner, options);
    var count: usize = 0;
    var blank: usize = 0;
    var width = shape.width;
    try out.appendSlice(gpa, "{\"rows\":[");
    while (try scanner.next()) |cells| {
        const wanted = width orelse cells.len;
        width = wanted;
        if (cells.len == 1 and wanted > 1 and cells[0].text.len == 0 and !cells[0].is_quoted) {
            blank += 1;
            continue;
        }
        if (cells.len > wanted or (cells.len < wanted and options.ragged != .pad)) {
            return agent.refuse("ragged_row", "line {d}: {d} cells where there are {d} columns", .{ scanner.begins, cells.len, wanted });
        }
        if (count > 0) try out.append(gpa, ',');
        try shape.writeRow(cells, wanted, options.types, out);
        count += 1;
    }
    try out.print(gpa, "],\"count\":{d},\"blank_lines\":{d},\"columns\":[", .{ count, blank });
    for (shape.names, 0..) |name, i| {
        if (i > 0) try out.append(gpa, ',');
        try json.writeString(out, name);
    }
    try out.appendSlice(gpa, "]}");
}

/// What the rows look like: objects of named columns, or lists when nothing names them.
const Shape = struct {
    /// Cells of a record; null until the first record says.
    width: ?usize = null,
    names: []const []const u8 = &.{},
    /// For each name, the place of its cell and what stands before the cell's value.
    places: []const usize = &.{},
    labels: []const []const u8 = &.{},

    fn read(scanner: *Scanner, options: table.Options) Error!Shape {
        if (!options.header) {
            const names = options.columns orelse return .{};
            return name(names, try count(names.len), names.len);
        }
        const cells = try scanner.next() orelse return .{};
        const header = try gpa.alloc([]const u8, cells.len);
        for (cells, header) |cell, *found| found.* = cell.text;
        try table.checkNames(header, "line 1");
        const names = options.columns orelse return name(header, try count(header.len), header.len);
        const places = try gpa.alloc(usize, names.len);
        var known: std.StringHashMapUnmanaged(usize) = .empty;
        for (header, 0..) |found, place| try known.put(gpa, found, place);
        for (names, places) |wanted, *place| place.* = known.get(wanted) orelse
            return agent.refuse("no_column", "no column is called '{s}'", .{agent.short(wanted)});
        return name(names, places, header.len);
    }

    fn count(length: usize) Error![]usize {
        const places = try gpa.alloc(usize, length);
        for (places, 0..) |*place, i| place.* = i;
        return places;
    }

    fn name(names: []const []const u8, places: []const usize, width: usize) Error!Shape {
        const labels = try gpa.alloc([]const u8, names.len);
        for (names, labels, 0..) |found, *label, i| {
            var text: agent.Text = .empty;
            try text.append(gpa, if (i == 0) '{' else ',');
            try json.writeString(&text, found);
            try text.append(gpa, ':');
            label.* = text.items;
        }
        return .{ .width = width, .names = names, .places = places, .labels = labels };
    }

    fn writeRow(shape: Shape, cells: []const Cell, width: usize, types: table.Types, out: *agent.Text) Error!void {
        if (shape.names.len == 0) {
            try out.append(gpa, '[');
            for (0..width) |place| {
                if (place > 0) try out.append(gpa, ',');
                try writeCell(cells, place, types, out);
            }
            return out.append(gpa, ']');
        }
        for (shape.labels, shape.places) |label, place| {
            try out.appendSlice(gpa, label);
            try writeCell(cells, place, types, out);
        }
        try out.append(gpa, '}');
    }
};

fn writeCell(cells: []const Cell, place: usize, types: table.Types, out: *agent.Text) Error!void {
    if (place >= cells.len) return out.appendSlice(gpa, "null");
    const cell = cells[place];
    if (types == .text or cell.is_quoted) return json.writeString(out, cell.text);
    if (cell.text.len == 0) return out.appendSlice(gpa, "null");
    const is_word = std.mem.eql(u8, cell.text, "true") or std.mem.eql(u8, cell.text, "false");
    if (is_word or table.isNumber(cell.text)) return out.appendSlice(gpa, cell.text);
    try json.writeString(out, cell.text);
}

const Scanner = struct {
    text: []const u8,
    delimiter: u8,
    at: usize = 0,
    line: usize = 1,
    /// The line the record that was read last begins on.
    begins: usize = 1,
    cells: std.ArrayList(Cell) = .empty,

    /// Return the next record's cells, which the next call overwrites; null after the last.
    fn next(scanner: *Scanner) Error!?[]const Cell {
        if (scanner.at == scanner.text.len) return null;
        scanner.begins = scanner.line;
        scanner.cells.clearRetainingCapacity();
        while (true) {
            try scanner.cells.append(gpa, try scanner.cell());
            if (scanner.at == scanner.text.len) break;
            const mark = scanner.text[scanner.at];
            scanner.at += 1;
            if (mark == scanner.delimiter) continue;
            scanner.endLine(mark);
            break;
        }
        if (scanner.cells.items.len > 10_000) return agent.refuse("too_many_columns", "line {d}: {d} cells, at most 10000 are read", .{ scanner.begins, scanner.cells.items.len });
        return scanner.cells.items;
    }

    /// Count a line whose first end mark was read; CR LF is one.
    fn endLine(scanner: *Scanner, mark: u8) void {
        scanner.line += 1;
        if (mark == '\r' and scanner.at < scanner.text.len and scanner.text[scanner.at] == '\n') scanner.at += 1;
    }

    fn isEnd(scanner: *Scanner, byte: u8) bool {
        return byte == scanner.delimiter or byte == '\n' or byte == '\r';
    }

    fn cell(scanner: *Scanner) Error!Cell {
        const start = scanner.at;
        if (start < scanner.text.len and scanner.text[start] == '"') return scanner.quoted();
        while (scanner.at < scanner.text.len) : (scanner.at += 1) {
            const byte = scanner.text[scanner.at];
            if (scanner.isEnd(byte)) break;
            if (byte == '"') return agent.refuse("bad_quote", "line {d}: a quote inside a cell that does not begin with one", .{scanner.line});
        }
        return .{ .text = scanner.text[start..scanner.at], .is_quoted = false };
    }

    fn quoted(scanner: *Scanner) Error!Cell {
        const begins = scanner.line;
        var found: agent.Text = .empty;
        scanner.at += 1;
        var start = scanner.at;
        while (scanner.at < scanner.text.len) {
            const byte = scanner.text[scanner.at];
            scanner.at += 1;
            if (byte == '\n' or (byte == '\r' and !(scanner.at < scanner.text.len and scanner.text[scanner.at] == '\n'))) scanner.line += 1;
            if (byte != '"') continue;
            const rest = scanner.text[start .. scanner.at - 1];
            if (scanner.at == scanner.text.len or scanner.isEnd(scanner.text[scanner.at])) {
                if (found.items.len == 0) return .{ .text = rest, .is_quoted = true };
                try found.appendSlice(gpa, rest);
                return .{ .text = found.items, .is_quoted = true };
            }
            if (scanner.text[scanner.at] != '"') return agent.refuse("bad_quote", "line {d}: text after a closing quote", .{scanner.line});
            try found.appendSlice(gpa, scanner.text[start..scanner.at]);
            scanner.at += 1;
            start = scanner.at;
        }
        return agent.refuse("bad_quote", "line {d}: the quoted cell that begins here does not end", .{begins});
    }
};
