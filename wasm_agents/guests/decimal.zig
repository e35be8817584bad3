//! JSON numbers of any length as exact decimals: order, equality, multiples. No float is made.

const std = @import("std");
const agent = @import("agent.zig");

/// `digits` x 10^`exponent`; the digits have no zero at either end, and zero has none.
pub const Decimal = struct {
    is_negative: bool,
    digits: []const u8,
    exponent: i64,

    pub fn isWhole(number: Decimal) bool {
        return number.exponent >= 0;
    }

    pub fn isZero(number: Decimal) bool {
        return number.digits.len == 0;
    }
};

/// Read the spelling of a JSON number.
pub fn read(text: []const u8) agent.Error!Decimal {
    const is_negative = text[0] == '-';
    const body = if (is_negative) text[1..] else text;
    const end = std.mem.findAny(u8, body, "eE") orelse body.len;
    var exponent = if (end < body.len) readExponent(body[end + 1 ..]) else 0;
    var digits = body[0..end];
    if (std.mem.findScalar(u8, digits, '.')) |point| {
        exponent -= @intCast(digits.len - point - 1);
        digits = try std.mem.concat(agent.gpa, u8, &.{ digits[0..point], digits[point + 1 ..] });
    }
    const shorter = std.mem.trimEnd(u8, digits, "0");
    exponent += @intCast(digits.len - shorter.len);
    const bare = std.mem.trimStart(u8, shorter, "0");
    if (bare.len == 0) return .{ .is_negative = false, .digits = "", .exponent = 0 };
    return .{ .is_negative = is_negative, .digits = bare, .exponent = exponent };
}

fn readExponent(text: []const u8) i64 {
    const sign: i64 = if (text[0] == '-') -1 else 1;
    const digits = if (text[0] == '-' or text[0] == '+') text[1..] else text;
    var found: i64 = 0;
    // Far beyond any number that can be told from nothing or from endless.
    for (digits) |digit| found = @min(found * 10 + (digit - '0'), 1_000_000_000_000);
    return sign * found;
}

pub fn order(a: Decimal, b: Decimal) std.math.Order {
    if (a.isZero() and b.isZero()) return .eq;
    if (a.isZero()) return if (b.is_negative) .gt else .lt;
    if (b.isZero()) return if (a.is_negative) .lt else .gt;
    if (a.is_negative != b.is_negative) return if (a.is_negative) .lt else .gt;
    const high_a = a.exponent + @as(i64, @intCast(a.digits.len));
    const high_b = b.exponent + @as(i64, @intCast(b.digits.len));
    const size = if (high_a != high_b) std.math.order(high_a, high_b) else std.mem.order(u8, a.digits, b.digits);
    return if (a.is_negative) size.invert() else size;
}

/// Return whether `number` is a whole number of times `unit`, which has 1 to 18 digits.
pub fn isMultiple(number: Decimal, unit: Decimal) bool {
    if (number.isZero()) return true;
    // The last digit of neither is zero, so tens cannot be made up for.
    if (number.exponent < unit.exponent) return false;
    const divisor = std.fmt.parseInt(u64, unit.digits, 10) catch return false;
    var rest: u128 = 0;
    for (number.digits) |digit| rest = (rest * 10 + (digit - '0')) % divisor;
    return rest * power(10, @intCast(number.exponent - unit.exponent), divisor) % divisor == 0;
}

fn power(of: u128, times: u64, modulus: u64) u128 {
    var found: u128 = 1 % modulus;
    var square: u128 = of % modulus;
    var left = times;
    while (left > 0) : (left >>= 1) {
        if (left & 1 == 1) found = found * square % modulus;
        square = square * square % modulus;
    }
    return found;
}
