//! A template's text to the nodes it is made of.

const std = @import("std");
const agent = @import("agent");

const Error = agent.Error;
const gpa = agent.gpa;

const max_depth = 32;

pub const Escape = enum { none, html, json, csv };

pub const Path = struct { spelled: []const u8, segments: []const []const u8 };

pub const Node = struct {
    line: usize,
    /// The tag as it stands in the template.
    tag: []const u8 = "",
    what: union(enum) {
        text: []const u8,
        print: struct { path: Path, escape: Escape },
        block: Block,
    },
};

pub const Block = struct { kind: Kind, path: Path, body: []const Node, otherwise: []const Node };

pub const Kind = enum { each, @"if", unless };

/// Read a template; places without an own escape get `escape`.
pub fn parse(source: []const u8, escape: Escape) Error![]const Node {
    var parser: Parser = .{ .source = source, .escape = escape };
    const found = try parser.nodes(null, 0);
    return found.nodes;
}

const End = enum { source, otherwise, close };

const Parser = struct {
    source: []const u8,
    escape: Escape,
    at: usize = 0,
    line: usize = 1,

    fn bad(parser: *Parser, comptime what: []const u8, values: anytype) Error {
        return agent.refuse("bad_template", "line {d}: " ++ what, .{parser.line} ++ values);
    }

    /// Read nodes up to the end of `block`, or of the template when null.
    fn nodes(parser: *Parser, block: ?Kind, depth: usize) Error!struct { nodes: []const Node, end: End } {
        if (depth > max_depth) return parser.bad("blocks nested deeper than {d}", .{max_depth});
        var found: std.ArrayList(Node) = .empty;
        while (parser.at < parser.source.len) {
            const open = std.mem.findPos(u8, parser.source, parser.at, "{{") orelse parser.source.len;
            const text = parser.source[parser.at..open];
            const line = parser.line;
            parser.line += std.mem.count(u8, text, "\n");
            parser.at = open;
            const tag = if (open < parser.source.len) try parser.readTag() else "";
            const is_alone = isStructure(tag) and parser.standsAlone(open);
            const kept = if (is_alone) std.mem.trimEnd(u8, text, " \t") else text;
            if (kept.len > 0) try found.append(gpa, .{ .line = line, .what = .{ .text = kept } });
            if (tag.len == 0) continue;
            if (is_alone) parser.skipLine();
            if (tag[0] == '!') continue;
            if (tag[0] == '/') {
                const closes = std.mem.trim(u8, tag[1..], " ");
                if (block == null or !std.mem.eql(u8, @tagName(block.?), closes)) return parser.bad("{{{{/{s}}}}} closes nothing that is open", .{agent.short(closes)});
                return .{ .nodes = found.items, .end = .close };
            }
            if (std.mem.eql(u8, tag, "else")) {
                if (block == null) return parser.bad("{{{{else}}}} outside a block", .{});
                return .{ .nodes = found.items, .end = .otherwise };
            }
            const spelled = parser.source[open..parser.at];
            try found.append(gpa, try parser.node(tag, if (is_alone) "" else spelled, depth));
        }
        if (block) |kind| return parser.bad("{{{{#{s}}}}} does not end", .{@tagName(kind)});
        return .{ .nodes = found.items, .end = .source };
    }

    fn node(parser: *Parser, tag: []const u8, spelled: []const u8, depth: usize) Error!Node {
        const line = parser.line;
        if (tag[0] == '#') return .{ .line = line, .what = .{ .block = try parser.readBlock(tag[1..], depth) } };
        if (tag[0] == '"') {
            if (std.mem.findScalarPos(u8, tag, 1, '"') != tag.len - 1) return parser.bad("a quoted text does not end with its tag", .{});
            return .{ .line = line, .what = .{ .text = tag[1 .. tag.len - 1] } };
        }
        const bar = std.mem.findScalar(u8, tag, '|');
        const path = try parser.readPath(tag[0 .. bar orelse tag.len]);
        const escape = if (bar) |place| try parser.readEscape(std.mem.trim(u8, tag[place + 1 ..], " \t")) else parser.escape;
        return .{ .line = line, .tag = spelled, .what = .{ .print = .{ .path = path, .escape = escape } } };
    }

    fn readEscape(parser: *Parser, word: []const u8) Error!Escape {
        return std.meta.stringToEnum(Escape, word) orelse parser.bad("no escape is called '{s}'; none, html, json or csv", .{agent.short(word)});
    }

    fn readBlock(parser: *Parser, opening: []const u8, depth: usize) Error!Block {
        const space = std.mem.findAny(u8, opening, " \t") orelse opening.len;
        const kind = std.meta.stringToEnum(Kind, opening[0..space]) orelse
            return parser.bad("no block is called '#{s}'; #each, #if or #unless", .{agent.short(opening[0..space])});
        const path = try parser.readPath(opening[space..]);
        const body = try parser.nodes(kind, depth + 1);
        var otherwise: []const Node = &.{};
        if (body.end == .otherwise) {
            const rest = try parser.nodes(kind, depth + 1);
            if (rest.end == .otherwise) return parser.bad("a second {{{{else}}}} in one block", .{});
            otherwise = rest.nodes;
        }
        return .{ .kind = kind, .path = path, .body = body.nodes, .otherwise = otherwise };
    }

    /// Read a tag that begins here; return what stands in it, which is never empty.
    fn readTag(parser: *Parser) Error![]const u8 {
        const start = parser.at + 2;
        const end = std.mem.findPos(u8, parser.source, start, "}}") orelse return parser.bad("{{{{ without }}}}", .{});
        const tag = std.mem.trim(u8, parser.source[start..end], " \t\r\n");
        if (tag.len == 0) return parser.bad("an empty tag", .{});
        parser.line += std.mem.count(u8, parser.source[start..end], "\n");
        parser.at = end + 2;
        return tag;
    }

    fn isStructure(tag: []const u8) bool {
        if (tag.len == 0) return false;
        return tag[0] == '#' or tag[0] == '/' or tag[0] == '!' or std.mem.eql(u8, tag, "else");
    }

    /// Return whether the tag from `open` to here has its line to itself; such a line is not printed.
    fn standsAlone(parser: *Parser, open: usize) bool {
        const before = std.mem.trimEnd(u8, parser.source[0..open], " \t");
        if (before.len > 0 and before[before.len - 1] != '\n') return false;
        const after = std.mem.trimStart(u8, parser.source[parser.at..], " \t");
        return after.len == 0 or after[0] == '\n' or std.mem.startsWith(u8, after, "\r\n");
    }

    fn skipLine(parser: *Parser) void {
        const end = std.mem.findScalarPos(u8, parser.source, parser.at, '\n') orelse {
            parser.at = parser.source.len;
            return;
        };
        parser.at = end + 1;
        parser.line += 1;
    }

    /// Read names with points between; a name with other signs stands in quotes.
    fn readPath(parser: *Parser, text: []const u8) Error!Path {
        const spelled = std.mem.trim(u8, text, " \t\r\n");
        var segments: std.ArrayList([]const u8) = .empty;
        var at: usize = 0;
        if (std.mem.eql(u8, spelled, ".")) return .{ .spelled = spelled, .segments = &.{"this"} };
        while (true) {
            const is_quoted = at < spelled.len and spelled[at] == '"';
            const start = if (is_quoted) at + 1 else at;
            const stop: []const u8 = if (is_quoted) "\"" else ".\" \t\r\n{}#/!|";
            at = std.mem.findAnyPos(u8, spelled, start, stop) orelse spelled.len;
            const segment = spelled[start..at];
            if (is_quoted) at += 1 else if (segment.len == 0) break;
            try segments.append(gpa, segment);
            if (at == spelled.len) return .{ .spelled = spelled, .segments = segments.items };
            if (at > spelled.len or spelled[at] != '.') break;
            at += 1;
        }
        return parser.bad("'{s}' is no path like a.b.0", .{agent.short(spelled)});
    }
};
