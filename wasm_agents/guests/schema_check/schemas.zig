//! A schema read before it is used: every keyword known and well formed, every reference found.

const std = @import("std");
const agent = @import("agent");

const Error = agent.Error;
const Object = agent.json.Object;
const Value = agent.json.Value;
const gpa = agent.gpa;

/// What a keyword's value must be.
const Shape = enum { any, type, list, number, positive, count, flag, pattern, names, names_map, schema, schemas, schema_map, pattern_map, ref, dialect, base, note, unchecked };

pub const Keyword = enum {
    type,
    @"enum",
    @"const",
    multipleOf,
    minimum,
    maximum,
    exclusiveMinimum,
    exclusiveMaximum,
    minLength,
    maxLength,
    pattern,
    minItems,
    maxItems,
    uniqueItems,
    minContains,
    maxContains,
    minProperties,
    maxProperties,
    required,
    dependentRequired,
    prefixItems,
    items,
    contains,
    properties,
    patternProperties,
    additionalProperties,
    propertyNames,
    dependentSchemas,
    allOf,
    anyOf,
    oneOf,
    not,
    @"if",
    then,
    @"else",
    @"$ref",
    @"$defs",
    definitions,
    @"$schema",
    @"$id",
    @"$comment",
    title,
    description,
    default,
    deprecated,
    readOnly,
    writeOnly,
    examples,
    discriminator,
    format,
    contentEncoding,
    contentMediaType,
    contentSchema,

    fn shape(keyword: Keyword) Shape {
        return switch (keyword) {
            .type => .type,
            .@"enum" => .list,
            .@"const" => .any,
            .multipleOf => .positive,
            .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum => .number,
            .minLength, .maxLength, .minItems, .maxItems, .minContains, .maxContains, .minProperties, .maxProperties => .count,
            .uniqueItems => .flag,
            .pattern => .pattern,
            .required => .names,
            .dependentRequired => .names_map,
            .items, .contains, .additionalProperties, .propertyNames, .not, .@"if", .then, .@"else" => .schema,
            .prefixItems, .allOf, .anyOf, .oneOf => .schemas,
            .properties, .dependentSchemas, .@"$defs", .definitions => .schema_map,
            .patternProperties => .pattern_map,
            .@"$ref" => .ref,
            .@"$schema" => .dialect,
            .@"$id" => .base,
            .format, .contentEncoding, .contentMediaType, .contentSchema => .unchecked,
            else => .note,
        };
    }
};

/// The names that `type` may say.
pub const Type = enum { null, boolean, integer, number, string, array, object };

pub const Book = struct {
    root: Value,
    /// Every object that is a schema; a reference may lead to no other.
    known: std.AutoHashMapUnmanaged(*const Object, void) = .empty,
    references: std.StringHashMapUnmanaged(Value) = .empty,
    unchecked: std.ArrayList([]const u8) = .empty,

    /// Look at the whole schema.
    pub fn read(book: *Book) Error!void {
        try book.schema(book.root, "the schema");
        var each = book.references.iterator();
        while (each.next()) |entry| entry.value_ptr.* = try book.find(entry.key_ptr.*);
    }

    fn schema(book: *Book, value: Value, keyword: []const u8) Error!void {
        const object = switch (value) {
            .bool => return,
            .object => |object| object,
            else => return bad(keyword, "is no schema: an object, true or false"),
        };
        try book.known.put(gpa, object, {});
        for (object.members) |member| {
            const found = std.meta.stringToEnum(Keyword, member.name) orelse {
                if (std.mem.startsWith(u8, member.name, "x-")) continue;
                return agent.refuse("unknown_keyword", "the keyword '{s}' is not checked here, so nothing is", .{agent.short(member.name)});
            };
            try book.readMember(found, member.name, member.value);
        }
    }

    fn readMember(book: *Book, keyword: Keyword, name: []const u8, value: Value) Error!void {
        switch (keyword.shape()) {
            .any, .note => {},
            .type => try readTypes(value),
            .list => if (value != .array) return bad(name, "is no list"),
            .number => if (value != .number) return bad(name, "is no number"),
            .positive => try readUnit(name, value),
            .count => if (value != .number or !try isCount(value.number)) return bad(name, "is no whole number from 0 up"),
            .flag => if (value != .bool) return bad(name, "is neither true nor false"),
            .names => try readNames(name, value),
            .names_map => for ((try objectOf(name, value)).members) |entry| try readNames(name, entry.value),
            .schema => try book.schema(value, name),
            .schemas => {
                if (value != .array or value.array.len == 0) return bad(name, "is no list of schemas");
                for (value.array) |item| try book.schema(item, name);
            },
            .schema_map => for ((try objectOf(name, value)).members) |entry| try book.schema(entry.value, name),
            .pattern, .pattern_map => return agent.refuse("unknown_keyword", "the keyword '{s}' is not checked here, so nothing is", .{name}),
            .ref => {
                if (value != .string) return bad(name, "is no string");
                try book.references.put(gpa, value.string, .null);
            },
            .dialect => if (value != .string or std.mem.find(u8, value.string, "json-schema.org/draft/2020-12/schema") == null) return bad(name, "names another dialect than 2020-12"),
            // Below the root it would change what a reference begins from.
            .base => if (book.known.count() > 1) return bad(name, "may stand at the root only"),
            .unchecked => {
                for (book.unchecked.items) |known| if (std.mem.eql(u8, known, name)) return;
                try book.unchecked.append(gpa, name);
            },
        }
    }

    /// Return the schema a reference names; `read` has made sure that there is one.
    pub fn target(book: *const Book, reference: []const u8) Value {
        return book.references.get(reference) orelse .{ .bool = false };
    }

    fn find(book: *const Book, reference: []const u8) Error!Value {
        const lost = "$ref '{s}' leads to no schema in this one; it may be # or #/...";
        if (!std.mem.startsWith(u8, reference, "#")) return agent.refuse("bad_ref", lost, .{agent.short(reference)});
        var here = book.root;
        var tokens = std.mem.splitScalar(u8, reference, '/');
        if (tokens.first().len != 1) return agent.refuse("bad_ref", lost, .{agent.short(reference)});
        while (tokens.next()) |token| {
            const name = try plain(token);
            const next: ?Value = switch (here) {
                .object => |object| object.get(name),
                .array => |items| item: {
                    const index = std.fmt.parseInt(u32, name, 10) catch break :item null;
                    break :item if (index < items.len) items[index] else null;
                },
                else => null,
            };
            here = next orelse return agent.refuse("bad_ref", lost, .{agent.short(reference)});
        }
        const is_schema = here == .bool or (here == .object and book.known.contains(here.object));
        return if (is_schema) here else agent.refuse("bad_ref", lost, .{agent.short(reference)});
    }
};

/// Return a pointer's token as the name it stands for: %XX, ~1 and ~0 undone.
fn plain(token: []const u8) Error![]const u8 {
    if (std.mem.findAny(u8, token, "%~") == null) return token;
    const name = std.Uri.percentDecodeInPlace(try gpa.dupe(u8, token));
    const slashed = try std.mem.replaceOwned(u8, gpa, name, "~1", "/");
    return std.mem.replaceOwned(u8, gpa, slashed, "~0", "~");
}

fn bad(keyword: []const u8, comptime what: []const u8) Error {
    return agent.refuse("bad_schema", "{s} " ++ what, .{keyword});
}

fn objectOf(name: []const u8, value: Value) Error!*const Object {
    return if (value == .object) value.object else bad(name, "is no object");
}

fn readTypes(value: Value) Error!void {
    const items: []const Value = if (value == .array) value.array else &.{value};
    if (items.len == 0) return bad("type", "names no type");
    for (items) |item| {
        if (item != .string or std.meta.stringToEnum(Type, item.string) == null) return bad("type", "names what is no JSON type");
    }
}

fn readNames(name: []const u8, value: Value) Error!void {
    if (value != .array) return bad(name, "is no list of strings");
    for (value.array) |item| if (item != .string) return bad(name, "is no list of strings");
}

fn readUnit(name: []const u8, value: Value) Error!void {
    if (value != .number) return bad(name, "is no number");
    const unit = try agent.decimal.read(value.number);
    if (unit.is_negative or unit.isZero()) return bad(name, "is not above 0");
    if (unit.digits.len > 18) return bad(name, "has more than 18 digits");
}

fn isCount(text: []const u8) Error!bool {
    const number = try agent.decimal.read(text);
    return !number.is_negative and number.isWhole();
}
