//! The members of a guest's input: those it knows, of the type it wants; null counts as absent.

const std = @import("std");
const agent = @import("agent.zig");

const Error = agent.Error;
const Object = agent.json.Object;
const Value = agent.json.Value;

/// Return the input's object; a member that is not `known` is refused.
pub fn open(input: Value, known: []const []const u8) Error!*const Object {
    const object = switch (input) {
        .object => |found| found,
        else => return agent.refuse("bad_input", "the input is no object", .{}),
    };
    next: for (object.members) |member| {
        for (known) |name| if (std.mem.eql(u8, name, member.name)) continue :next;
        return agent.refuse("bad_input", "no parameter is called '{s}'", .{agent.short(member.name)});
    }
    return object;
}

pub fn get(object: *const Object, name: []const u8) ?Value {
    const found = object.get(name) orelse return null;
    return if (found == .null) null else found;
}

pub fn need(object: *const Object, name: []const u8) Error!Value {
    return get(object, name) orelse agent.refuse("bad_input", "{s} is missing", .{name});
}

fn wrong(name: []const u8, wanted: []const u8) Error {
    return agent.refuse("bad_input", "{s} is not {s}", .{ name, wanted });
}

pub fn string(object: *const Object, name: []const u8) Error!?[]const u8 {
    return switch (get(object, name) orelse return null) {
        .string => |text| text,
        else => wrong(name, "a string"),
    };
}

pub fn array(object: *const Object, name: []const u8) Error!?[]const Value {
    return switch (get(object, name) orelse return null) {
        .array => |items| items,
        else => wrong(name, "a list"),
    };
}

pub fn flag(object: *const Object, name: []const u8, default: bool) Error!bool {
    return switch (get(object, name) orelse return default) {
        .bool => |is| is,
        else => wrong(name, "true or false"),
    };
}

/// Return a whole number from 0 to `most`.
pub fn count(object: *const Object, name: []const u8, most: u32) Error!?u32 {
    const value = get(object, name) orelse return null;
    if (value == .number) {
        // 2.0 is a whole number too: JSON has one kind of number.
        const text = if (std.mem.endsWith(u8, value.number, ".0")) value.number[0 .. value.number.len - 2] else value.number;
        const found = std.fmt.parseInt(u32, text, 10) catch most +| 1;
        if (found <= most and text[0] != '-') return found;
    }
    return agent.refuse("bad_input", "{s} is not a whole number from 0 to {d}", .{ name, most });
}

/// Return the word of `Choice` that was given.
pub fn choice(comptime Choice: type, object: *const Object, name: []const u8, default: Choice) Error!Choice {
    const text = try string(object, name) orelse return default;
    return std.meta.stringToEnum(Choice, text) orelse {
        const words = comptime words: {
            var all: []const u8 = "";
            for (std.meta.fieldNames(Choice)) |word| all = all ++ (if (all.len == 0) "" else ", ") ++ word;
            break :words all;
        };
        return agent.refuse("bad_input", "{s} is '{s}'; it may be {s}", .{ name, agent.short(text), words });
    };
}
