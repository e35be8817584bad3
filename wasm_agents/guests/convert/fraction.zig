//! Exact fractions with a power of ten beside, and the one rounding at the end.

const std = @import("std");
const agent = @import("agent");

const gpa = agent.gpa;

/// Digits of a number that is read; more are refused rather than dropped.
const max_digits = 34;
/// Powers of ten of a number that is read or given: what a double holds, with room.
const max_power = 300;
/// Digits that tell every double from every other.
const double_digits = 17;

pub const Half = enum { half_even, half_up, up, down };

/// To how many digits after the point; 17 in all when null.
pub const Rounding = struct { digits: ?u32, half: Half };

// Wide enough for every product below: a value and a rate of 34 digits each over
// another rate, or a temperature of 94 digits.
const Whole = u384;

/// `over` / `under` x 10^`exponent`; `under` is above zero.
pub const Fraction = struct {
    over: Whole,
    under: Whole = 1,
    exponent: i64 = 0,
    is_negative: bool = false,

    pub const one: Fraction = .{ .over = 1 };
    pub const zero: Fraction = .{ .over = 0 };

    /// Read the spelling of a JSON number.
    pub fn read(text: []const u8) agent.Error!Fraction {
        const number = try agent.decimal.read(text);
        if (number.digits.len > max_digits) return agent.refuse("out_of_range", "a number of {d} digits, at most {d} are reckoned with", .{ number.digits.len, max_digits });
        const size = number.exponent + @as(i64, @intCast(number.digits.len));
        if (size > max_power or size < -max_power) return agent.refuse("out_of_range", "{s} is beyond 1e300 or nearer to 0 than 1e-300", .{agent.short(text)});
        var found: u128 = 0;
        for (number.digits) |digit| found = found * 10 + (digit - '0');
        return .{ .over = found, .exponent = number.exponent, .is_negative = number.is_negative };
    }

    /// Return it times `by` over `than`, both above zero.
    pub fn times(amount: Fraction, by: Fraction, than: Fraction) Fraction {
        return .{
            .over = product(amount.over, product(by.over, than.under)),
            .under = product(amount.under, product(by.under, than.over)),
            .exponent = amount.exponent + by.exponent - than.exponent,
            .is_negative = amount.is_negative,
        };
    }

    /// Return it plus `cents` hundredths.
    pub fn plusHundredths(amount: Fraction, cents: i64) agent.Error!Fraction {
        const low = @min(amount.exponent, -2);
        if (low < -40 or amount.exponent > 20) return agent.refuse("out_of_range", "a temperature has at most 40 digits after the point and 20 zeros before it", .{});
        const mine = product(amount.over, powers[@intCast(amount.exponent - low)]);
        const more = product(product(@abs(cents), powers[@intCast(-2 - low)]), amount.under);
        const is_less = cents < 0;
        var found: Fraction = .{ .over = mine -| more, .under = amount.under, .exponent = low, .is_negative = amount.is_negative };
        if (is_less == amount.is_negative) {
            found.over = mine + more;
        } else if (more > mine) {
            found.over = more - mine;
            found.is_negative = is_less;
        }
        return found;
    }

    /// Return one over it.
    pub fn turned(amount: Fraction) agent.Error!Fraction {
        if (amount.over == 0) return agent.refuse("out_of_range", "0 has no value in that unit", .{});
        return .{ .over = amount.under, .under = amount.over, .exponent = -amount.exponent, .is_negative = amount.is_negative };
    }

    /// Append it as a JSON number.
    pub fn write(amount: Fraction, rounding: Rounding, out: *agent.Text) agent.Error!void {
        if (amount.over == 0) return out.append(gpa, '0');
        const rounded = if (rounding.digits) |digits| amount.cut(digits, rounding.half) else null;
        const found = rounded orelse amount.nearest();
        if (found.whole == 0) return out.append(gpa, '0');
        const text = try std.fmt.allocPrint(gpa, "{d}", .{found.whole});
        const bare = std.mem.trimEnd(u8, text, "0");
        const exponent = found.exponent + @as(i64, @intCast(text.len - bare.len));
        if (exponent + @as(i64, @intCast(bare.len)) > max_power or exponent < -max_power) return agent.refuse("out_of_range", "the result is beyond what a number holds", .{});
        if (amount.is_negative) try out.append(gpa, '-');
        try spell(bare, exponent, out);
    }

    /// Return it to so many digits after the point; null when that is more than a double tells apart.
    fn cut(amount: Fraction, digits: u32, half: Half) ?Digits {
        const shift = amount.exponent + digits;
        const size = length(amount.over) + shift - length(amount.under);
        if (size >= double_digits) return null;
        if (size < -1) return .{ .whole = if (half == .up) 1 else 0, .exponent = -@as(i64, digits) };
        const found = divide(amount, shift + 1);
        return .{ .whole = round(found.whole, found.has_rest, 10, half), .exponent = -@as(i64, digits) };
    }

    /// Return it to 17 digits in all.
    fn nearest(amount: Fraction) Digits {
        // Brings out 18 or 19 digits, so that the last of 17 is rounded by what follows it.
        const shift = length(amount.under) + double_digits + 1 - length(amount.over);
        const found = divide(amount, shift);
        const extra: i64 = if (found.whole >= powers[18]) 2 else 1;
        const unit: u64 = @intCast(powers[@intCast(extra)]);
        return .{ .whole = round(found.whole, found.has_rest, unit, .half_even), .exponent = amount.exponent - shift + extra };
    }

    const Digits = struct { whole: u64, exponent: i64 };
    const Quotient = struct { whole: u64, has_rest: bool };

    /// Return over x 10^shift / under, which is below 10^19.
    noinline fn divide(amount: Fraction, shift: i64) Quotient {
        const size = amount.over;
        const over = if (shift > 0) product(size, powers[@intCast(shift)]) else size;
        const under = if (shift < 0) product(amount.under, powers[@intCast(-shift)]) else amount.under;
        const is_short = over <= std.math.maxInt(u128) and under <= std.math.maxInt(u128);
        const whole: u64 = if (is_short) @intCast(@as(u128, @intCast(over)) / @as(u128, @intCast(under))) else @intCast(over / under);
        return .{ .whole = whole, .has_rest = product(whole, under) != over };
    }
};

/// Return whole / unit as a whole number; `has_rest`: it is a little more than `whole`.
noinline fn round(whole: u64, has_rest: bool, unit: u64, half: Half) u64 {
    const found = whole / unit;
    const rest = whole % unit;
    // Twice the rest against the unit, in the order less, half, more.
    const middle = std.math.order(rest * 2 + @intFromBool(has_rest), unit);
    const is_half = middle == .eq and !has_rest;
    const is_more = switch (half) {
        .up => rest > 0 or has_rest,
        .down => false,
        .half_up => is_half or middle == .gt,
        .half_even => middle == .gt or (is_half and found % 2 == 1),
    };
    return found + @intFromBool(is_more);
}

noinline fn product(a: Whole, b: Whole) Whole {
    return a * b;
}

const powers: [115]Whole = powers: {
    var found: [115]Whole = undefined;
    var next: Whole = 1;
    for (&found) |*power| {
        power.* = next;
        next *= 10;
    }
    break :powers found;
};

/// Return how many digits a number has, none for zero.
fn length(number: Whole) i64 {
    const bits: u32 = @bitSizeOf(Whole) - @as(u32, @clz(number));
    const least = bits * 1233 >> 12;
    return if (number >= powers[least]) least + 1 else least;
}

/// Append digits x 10^exponent as JavaScript would: plain unless very long.
fn spell(digits: []const u8, exponent: i64, out: *agent.Text) agent.Error!void {
    const point = @as(i64, @intCast(digits.len)) + exponent;
    if (point > 21 or point < -6) {
        try out.append(gpa, digits[0]);
        if (digits.len > 1) try out.append(gpa, '.');
        try out.appendSlice(gpa, digits[1..]);
        return out.print(gpa, "e{d}", .{point - 1});
    }
    if (point <= 0) {
        try out.appendSlice(gpa, "0.");
        try out.appendNTimes(gpa, '0', @intCast(-point));
        return out.appendSlice(gpa, digits);
    }
    const whole: usize = @intCast(point);
    try out.appendSlice(gpa, digits[0..@min(whole, digits.len)]);
    if (whole >= digits.len) return out.appendNTimes(gpa, '0', whole - digits.len);
    try out.append(gpa, '.');
    try out.appendSlice(gpa, digits[whole..]);
}
