//! When two JSON values are the same: 1 and 1.0 are, members in any order are.

const std = @import("std");
const agent = @import("agent");

const Value = agent.json.Value;

pub fn equal(a: Value, b: Value) agent.Error!bool {
    if (@as(std.meta.Tag(Value), a) != @as(std.meta.Tag(Value), b)) return false;
    switch (a) {
        .null => return true,
        .bool => |is| return is == b.bool,
        .string => |text| return std.mem.eql(u8, text, b.string),
        .number => |text| return std.mem.eql(u8, text, b.number) or
            agent.decimal.order(try agent.decimal.read(text), try agent.decimal.read(b.number)) == .eq,
        .array => |items| {
            if (items.len != b.array.len) return false;
            for (items, b.array) |mine, other| if (!try equal(mine, other)) return false;
            return true;
        },
        .object => |object| {
            if (object.members.len != b.object.members.len) return false;
            for (object.members) |member| {
                const other = b.object.get(member.name) orelse return false;
                if (!try equal(member.value, other)) return false;
            }
            return true;
        },
    }
}

/// Return the places of the first two items found to be the same.
pub fn twins(items: []const Value) agent.Error!?[2]usize {
    const Entry = struct { hash: u32, place: usize };
    const entries = try agent.gpa.alloc(Entry, items.len);
    for (items, entries, 0..) |item, *entry, place| entry.* = .{ .hash = try hash(item), .place = place };
    std.sort.heap(Entry, entries, {}, struct {
        fn isBefore(_: void, a: Entry, b: Entry) bool {
            return if (a.hash == b.hash) a.place < b.place else a.hash < b.hash;
        }
    }.isBefore);
    for (entries, 0..) |entry, i| {
        for (entries[i + 1 ..]) |other| {
            if (other.hash != entry.hash) break;
            if (try equal(items[entry.place], items[other.place])) return .{ entry.place, other.place };
        }
    }
    return null;
}

fn hash(value: Value) agent.Error!u32 {
    var hasher: std.hash.Fnv1a_32 = .init();
    hasher.update(@tagName(value));
    switch (value) {
        .null => {},
        .bool => |is| hasher.update(if (is) "t" else "f"),
        .string => |text| hasher.update(text),
        .number => |text| {
            const number = try agent.decimal.read(text);
            hasher.update(if (number.is_negative) "-" else "+");
            hasher.update(number.digits);
            hasher.update(std.mem.asBytes(&number.exponent));
        },
        .array => |items| for (items) |item| {
            const inner = try hash(item);
            hasher.update(std.mem.asBytes(&inner));
        },
        .object => |object| {
            // A sum, for members come in any order.
            var sum: u32 = 0;
            for (object.members) |member| sum +%= std.hash.Fnv1a_32.hash(member.name) ^ (try hash(member.value) *% 31);
            hasher.update(std.mem.asBytes(&sum));
        },
    }
    return hasher.final();
}
