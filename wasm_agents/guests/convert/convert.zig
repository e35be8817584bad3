//! convert: values between units of one kind, or between currencies by the rates it is given.
//!
//! Every unit is an exact fraction of its kind's base, and the reckoning is in
//! whole numbers, so 3 ft are 36 in and not 36.00000000000001. What is given is
//! rounded once: to `round` digits after the point, or to 17 in all, as many as a double has.

const std = @import("std");
const agent = @import("agent");
const fraction = @import("fraction.zig");
const units = @import("units.zig");

const Error = agent.Error;
const Fraction = fraction.Fraction;
const Object = agent.json.Object;
const Value = agent.json.Value;
const gpa = agent.gpa;
const inputs = agent.inputs;

pub const panic = std.debug.no_panic;

comptime {
    agent.serve(answer);
}

fn answer(input: Value, out: *agent.Text) Error!void {
    const given = try inputs.open(input, &.{ "value", "values", "from", "to", "rates", "base", "round", "rounding" });
    const from = try name(given, "from");
    const to = try name(given, "to");
    const single = inputs.get(given, "value");
    const list = try inputs.array(given, "values");
    if ((single == null) == (list == null)) return agent.refuse("bad_input", "give either value or values", .{});
    const step = try Step.between(given, from, to);
    const rounding: fraction.Rounding = .{
        .digits = try inputs.count(given, "round", 12),
        .half = try inputs.choice(fraction.Half, given, "rounding", .half_even),
    };
    if (single) |value| {
        try out.appendSlice(gpa, "{\"value\":");
        try one(value, step, rounding, out);
    } else {
        try out.appendSlice(gpa, "{\"values\":[");
        for (list.?, 0..) |value, i| {
            if (i > 0) try out.append(gpa, ',');
            // A gap in a column of numbers stays a gap.
            if (value == .null) try out.appendSlice(gpa, "null") else try one(value, step, rounding, out);
        }
        try out.append(gpa, ']');
    }
    try out.appendSlice(gpa, ",\"from\":");
    try agent.json.writeString(out, step.from);
    try out.appendSlice(gpa, ",\"to\":");
    try agent.json.writeString(out, step.to);
    try out.appendSlice(gpa, ",\"kind\":");
    try agent.json.writeString(out, step.kind);
    try out.append(gpa, '}');
}

fn name(given: *const Object, which: []const u8) Error![]const u8 {
    const text = try inputs.string(given, which) orelse return agent.refuse("bad_input", "{s} is missing", .{which});
    return std.mem.trim(u8, text, " ");
}

fn one(value: Value, step: Step, rounding: fraction.Rounding, out: *agent.Text) Error!void {
    if (value != .number) return agent.refuse("bad_input", "a value is of type {s}, not a number", .{value.kind()});
    const amount = try Fraction.read(value.number);
    const found = switch (step.how) {
        .rates => |rates| amount.times(rates.to, rates.from),
        .units => |pair| try units.convert(amount, pair[0], pair[1], value.number),
    };
    try found.write(rounding, out);
}

/// What is done to each value.
const Step = struct {
    from: []const u8,
    to: []const u8,
    kind: []const u8,
    how: union(enum) { rates: struct { from: Fraction, to: Fraction }, units: [2]*const units.Unit },

    fn between(given: *const Object, from: []const u8, to: []const u8) Error!Step {
        const value = inputs.get(given, "rates") orelse {
            if (inputs.get(given, "base") != null) return agent.refuse("bad_input", "base goes with rates", .{});
            const a = try units.find(from);
            const b = try units.find(to);
            if (a.kind != b.kind) return agent.refuse("incompatible_units", "{s} is a unit of {s} and {s} of {s}", .{ a.symbol, @tagName(a.kind), b.symbol, @tagName(b.kind) });
            return .{ .from = a.symbol, .to = b.symbol, .kind = @tagName(a.kind), .how = .{ .units = .{ a, b } } };
        };
        if (value != .object) return agent.refuse("bad_input", "rates is no object", .{});
        const base = try inputs.string(given, "base");
        return .{ .from = from, .to = to, .kind = "currency", .how = .{ .rates = .{
            .from = try rateOf(value.object, base, from),
            .to = try rateOf(value.object, base, to),
        } } };
    }

    fn rateOf(rates: *const Object, base: ?[]const u8, currency: []const u8) Error!Fraction {
        const is_base = base != null and std.mem.eql(u8, base.?, currency);
        const value = rates.get(currency) orelse {
            if (is_base) return Fraction.one;
            return agent.refuse("unknown_rate", "no rate is given for '{s}'", .{agent.short(currency)});
        };
        const rate = if (value == .number) try Fraction.read(value.number) else Fraction.zero;
        if (rate.over == 0 or rate.is_negative) return agent.refuse("bad_rate", "the rate of '{s}' is not a number above 0", .{agent.short(currency)});
        if (is_base and !(rate.over == 1 and rate.exponent == 0)) return agent.refuse("bad_rate", "'{s}' is the base; its rate is 1", .{agent.short(currency)});
        return rate;
    }
};
