//! One value against one schema, keyword by keyword.

const std = @import("std");
const agent = @import("agent");
const equality = @import("equality.zig");
const schemas = @import("schemas.zig");

const Error = agent.Error;
const Object = agent.json.Object;
const Value = agent.json.Value;
const decimal = agent.decimal;
const gpa = agent.gpa;

const max_steps = 3_000_000;
/// Checks in each other.
const max_depth = 256;
/// Checks in each other of one value: more is a reference that leads back to itself.
const max_still = 60;

/// A step of the way from the root to a value.
const Place = struct { outer: ?*const Place = null, name: ?[]const u8 = null, index: usize = 0 };

/// Where a check stands, and whether what it finds is told.
pub const Here = struct {
    place: ?*const Place = null,
    depth: u32 = 0,
    still: u32 = 0,
    is_told: bool = true,

    fn on(here: Here) Here {
        return .{ .place = here.place, .depth = here.depth + 1, .still = here.still + 1, .is_told = here.is_told };
    }

    fn quiet(here: Here) Here {
        var found = here.on();
        found.is_told = false;
        return found;
    }

    fn into(here: Here, place: *const Place) Here {
        return .{ .place = place, .depth = here.depth + 1, .is_told = here.is_told };
    }
};

pub const Checker = struct {
    book: *const schemas.Book,
    max_errors: usize,
    /// JSON objects with commas between.
    errors: agent.Text = .empty,
    told: usize = 0,
    has_more: bool = false,
    steps: usize = 0,

    /// Return whether the value keeps to the schema.
    pub fn check(checker: *Checker, schema: Value, value: Value, here: Here) Error!bool {
        try checker.step(1);
        if (here.still > max_still) return agent.refuse("ref_cycle", "a $ref leads back to itself", .{});
        if (here.depth > max_depth) return agent.refuse("too_deep", "the check goes deeper than {d} levels", .{max_depth});
        if (schema == .bool) return schema.bool or try checker.fail(here, "false", "nothing is allowed here", .{});
        var is_valid = true;
        for (schema.object.members) |member| {
            const keyword = std.meta.stringToEnum(schemas.Keyword, member.name) orelse continue;
            const keeps = try checker.one(keyword, member.value, schema.object, value, here);
            is_valid = is_valid and keeps;
            if (!is_valid and !here.is_told) break;
        }
        return is_valid;
    }

    fn step(checker: *Checker, count: usize) Error!void {
        checker.steps += count;
        if (checker.steps > max_steps) return agent.refuse("too_much_work", "the check takes more than {d} steps", .{max_steps});
    }

    fn one(checker: *Checker, keyword: schemas.Keyword, wanted: Value, schema: *const Object, value: Value, here: Here) Error!bool {
        return switch (keyword) {
            .type => checker.types(wanted, value, here),
            .@"enum" => checker.among(wanted.array, value, here),
            .@"const" => try equality.equal(wanted, value) or try checker.fail(here, "const", "{s} is not {s}", .{ try shown(here, value), try shown(here, wanted) }),
            .@"$ref" => checker.check(checker.book.target(wanted.string), value, here.on()),
            .allOf => checker.every(wanted.array, value, here),
            .anyOf, .oneOf => checker.some(keyword, wanted.array, value, here),
            .not => !try checker.check(wanted, value, here.quiet()) or try checker.fail(here, "not", "{s} keeps to what it must not", .{try shown(here, value)}),
            .@"if" => checker.either(wanted, schema, value, here),
            else => switch (value) {
                .number => |text| checker.number(keyword, wanted, text, here),
                .string => |text| checker.string(keyword, wanted, text, here),
                .array => |items| checker.list(keyword, wanted, schema, items, here),
                .object => |members| checker.object(keyword, wanted, schema, members, here),
                else => true,
            },
        };
    }

    fn types(checker: *Checker, wanted: Value, value: Value, here: Here) Error!bool {
        const names: []const Value = if (wanted == .array) wanted.array else &.{wanted};
        for (names) |name| {
            if (std.mem.eql(u8, name.string, value.kind())) return true;
            if (value == .number and std.mem.eql(u8, name.string, "integer") and (try decimal.read(value.number)).isWhole()) return true;
        }
        return checker.fail(here, "type", "{s} is no {s}", .{ try shown(here, value), try joined(names) });
    }

    fn among(checker: *Checker, choices: []const Value, value: Value, here: Here) Error!bool {
        try checker.step(choices.len);
        for (choices) |choice| if (try equality.equal(choice, value)) return true;
        return checker.fail(here, "enum", "{s} is none of the {d} values allowed", .{ try shown(here, value), choices.len });
    }

    fn every(checker: *Checker, wanted: []const Value, value: Value, here: Here) Error!bool {
        var is_valid = true;
        for (wanted) |schema| {
            const keeps = try checker.check(schema, value, here.on());
            is_valid = is_valid and keeps;
        }
        return is_valid;
    }

    fn some(checker: *Checker, keyword: schemas.Keyword, wanted: []const Value, value: Value, here: Here) Error!bool {
        var count: usize = 0;
        for (wanted) |schema| {
            count += @intFromBool(try checker.check(schema, value, here.quiet()));
            if (count > 0 and keyword == .anyOf) return true;
        }
        if (count == 1) return true;
        return checker.fail(here, @tagName(keyword), "{s} keeps to {d} of the {d} schemas", .{ try shown(here, value), count, wanted.len });
    }

    fn either(checker: *Checker, condition: Value, schema: *const Object, value: Value, here: Here) Error!bool {
        const holds = try checker.check(condition, value, here.quiet());
        const next = schema.get(if (holds) "then" else "else") orelse return true;
        return checker.check(next, value, here.on());
    }

    fn number(checker: *Checker, keyword: schemas.Keyword, wanted: Value, text: []const u8, here: Here) Error!bool {
        switch (keyword) {
            .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum, .multipleOf => {},
            else => return true,
        }
        const mine = try decimal.read(text);
        const bound = try decimal.read(wanted.number);
        const order = decimal.order(mine, bound);
        const keeps = switch (keyword) {
            .minimum => order != .lt,
            .maximum => order != .gt,
            .exclusiveMinimum => order == .gt,
            .exclusiveMaximum => order == .lt,
            else => decimal.isMultiple(mine, bound),
        };
        const word = switch (keyword) {
            .minimum => "not at least",
            .maximum => "not at most",
            .exclusiveMinimum => "not above",
            .exclusiveMaximum => "not below",
            else => "no multiple of",
        };
        return keeps or try checker.fail(here, @tagName(keyword), "{s} is {s} {s}", .{ agent.short(text), word, agent.short(wanted.number) });
    }

    fn string(checker: *Checker, keyword: schemas.Keyword, wanted: Value, text: []const u8, here: Here) Error!bool {
        if (keyword != .minLength and keyword != .maxLength) return true;
        const length = std.unicode.utf8CountCodepoints(text) catch text.len;
        return checker.size(keyword, wanted, length, "characters", here);
    }

    /// Check a `min...` or `max...` keyword against a count.
    fn size(checker: *Checker, keyword: schemas.Keyword, wanted: Value, count: usize, what: []const u8, here: Here) Error!bool {
        const order = decimal.order(try decimal.read(try std.fmt.allocPrint(gpa, "{d}", .{count})), try decimal.read(wanted.number));
        const is_least = std.mem.startsWith(u8, @tagName(keyword), "min");
        if (order != if (is_least) std.math.Order.lt else std.math.Order.gt) return true;
        return checker.fail(here, @tagName(keyword), "{d} {s}, at {s} {s} are allowed", .{ count, what, if (is_least) "least" else "most", agent.short(wanted.number) });
    }

    fn list(checker: *Checker, keyword: schemas.Keyword, wanted: Value, schema: *const Object, items: []const Value, here: Here) Error!bool {
        switch (keyword) {
            .minItems, .maxItems => return checker.size(keyword, wanted, items.len, "items", here),
            .uniqueItems => {
                if (!wanted.bool) return true;
                try checker.step(items.len);
                const found = try equality.twins(items) orelse return true;
                return checker.fail(here, "uniqueItems", "items {d} and {d} are the same", .{ found[0], found[1] });
            },
            .prefixItems => return checker.items_(items[0..@min(items.len, wanted.array.len)], 0, wanted.array, here),
            .items => {
                const before = if (schema.get("prefixItems")) |prefix| prefix.array.len else 0;
                return checker.items_(items[@min(before, items.len)..], before, &.{wanted}, here);
            },
            .contains => return checker.contains(wanted, schema, items, here),
            else => return true,
        }
    }

    /// Check items that begin at place `first`, each by its schema or all by the only one.
    fn items_(checker: *Checker, items: []const Value, first: usize, wanted: []const Value, here: Here) Error!bool {
        var is_valid = true;
        for (items, 0..) |item, i| {
            const place: Place = .{ .outer = here.place, .index = first + i };
            const keeps = try checker.check(wanted[@min(i, wanted.len - 1)], item, here.into(&place));
            is_valid = is_valid and keeps;
            if (!is_valid and !here.is_told) break;
        }
        return is_valid;
    }

    fn contains(checker: *Checker, wanted: Value, schema: *const Object, items: []const Value, here: Here) Error!bool {
        var count: usize = 0;
        for (items) |item| {
            var inner = here.into(&.{});
            inner.is_told = false;
            count += @intFromBool(try checker.check(wanted, item, inner));
        }
        const least: Value = schema.get("minContains") orelse .{ .number = "1" };
        if (!try checker.size(.minContains, least, count, "items that fit", here)) return false;
        const most = schema.get("maxContains") orelse return true;
        return checker.size(.maxContains, most, count, "items that fit", here);
    }

    fn object(checker: *Checker, keyword: schemas.Keyword, wanted: Value, schema: *const Object, value: *const Object, here: Here) Error!bool {
        var is_valid = true;
        switch (keyword) {
            .minProperties, .maxProperties => return checker.size(keyword, wanted, value.members.len, "members", here),
            .required => return checker.required(keyword, wanted.array, value, here),
            .dependentRequired => for (wanted.object.members) |member| {
                if (value.get(member.name) == null) continue;
                is_valid = try checker.required(keyword, member.value.array, value, here) and is_valid;
            },
            .dependentSchemas => for (wanted.object.members) |member| {
                if (value.get(member.name) == null) continue;
                is_valid = try checker.check(member.value, .{ .object = value }, here.on()) and is_valid;
            },
            .properties => for (wanted.object.members) |member| {
                const found = value.get(member.name) orelse continue;
                is_valid = try checker.child(member.value, member.name, found, here) and is_valid;
            },
            .additionalProperties => {
                const named = if (schema.get("properties")) |found| found.object else null;
                for (value.members) |member| {
                    if (named != null and named.?.get(member.name) != null) continue;
                    is_valid = try checker.child(wanted, member.name, member.value, here) and is_valid;
                }
            },
            .propertyNames => for (value.members) |member| {
                is_valid = try checker.child(wanted, member.name, .{ .string = member.name }, here) and is_valid;
            },
            else => {},
        }
        return is_valid;
    }

    fn child(checker: *Checker, schema: Value, name: []const u8, value: Value, here: Here) Error!bool {
        const place: Place = .{ .outer = here.place, .name = name };
        return checker.check(schema, value, here.into(&place));
    }

    fn required(checker: *Checker, keyword: schemas.Keyword, names: []const Value, value: *const Object, here: Here) Error!bool {
        var is_valid = true;
        try checker.step(names.len);
        for (names) |name| {
            if (value.get(name.string) != null) continue;
            is_valid = try checker.fail(here, @tagName(keyword), "'{s}' is missing", .{agent.short(name.string)}) and is_valid;
        }
        return is_valid;
    }

    /// Tell of what is wrong, if it is to be told; return false.
    fn fail(checker: *Checker, here: Here, keyword: []const u8, comptime format: []const u8, values: anytype) Error!bool {
        if (!here.is_told) return false;
        if (checker.told == checker.max_errors) {
            checker.has_more = true;
            return false;
        }
        const out = &checker.errors;
        if (checker.told > 0) try out.append(gpa, ',');
        checker.told += 1;
        var pointer: agent.Text = .empty;
        try writePointer(&pointer, here.place);
        try out.appendSlice(gpa, "{\"pointer\":");
        try agent.json.writeString(out, pointer.items);
        try out.appendSlice(gpa, ",\"keyword\":");
        try agent.json.writeString(out, keyword);
        try out.appendSlice(gpa, ",\"message\":");
        try agent.json.writeString(out, try std.fmt.allocPrint(gpa, format, values));
        try out.append(gpa, '}');
        return false;
    }
};

fn writePointer(out: *agent.Text, place: ?*const Place) Error!void {
    const here = place orelse return;
    try writePointer(out, here.outer);
    const name = here.name orelse return out.print(gpa, "/{d}", .{here.index});
    try out.append(gpa, '/');
    for (name) |byte| switch (byte) {
        '~' => try out.appendSlice(gpa, "~0"),
        '/' => try out.appendSlice(gpa, "~1"),
        else => try out.append(gpa, byte),
    };
}

fn joined(names: []const Value) Error![]const u8 {
    var text: agent.Text = .empty;
    for (names[0..@min(names.len, 7)], 0..) |name, i| {
        if (i > 0) try text.appendSlice(gpa, " or ");
        try text.appendSlice(gpa, name.string);
    }
    return text.items;
}

/// Return a value as a message shows it; nothing where nobody is told.
fn shown(here: Here, value: Value) Error![]const u8 {
    if (!here.is_told) return "";
    var text: agent.Text = .empty;
    switch (value) {
        .array => |items| try text.print(gpa, "a list of {d}", .{items.len}),
        .object => |object| try text.print(gpa, "an object of {d}", .{object.members.len}),
        .number => |spelling| return agent.short(spelling),
        .string => |found| try agent.json.writeString(&text, agent.short(found)),
        else => try agent.json.write(&text, value),
    }
    return text.items;
}
