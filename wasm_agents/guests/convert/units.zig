//! The units, each an exact fraction of its kind's base.
//!
//! A symbol is spelled as it is (MB is not Mb); words are matched in any case.
//! Sources: NIST SP 811 (2008) appendix B, the UK Weights and Measures Act 1985,
//! IEC 80000-13 for data.

const std = @import("std");
const agent = @import("agent");
const Fraction = @import("fraction.zig").Fraction;

pub const Kind = enum { length, mass, volume, temperature, area, speed, time, energy, power, pressure, data, fuel };

/// `over` / `under` x 10^`exponent` of the base.
pub const Unit = struct {
    symbol: []const u8,
    words: []const u8,
    kind: Kind,
    over: u64,
    exponent: i64 = 0,
    under: u64 = 1,
    /// Hundredths of a degree added before the fraction is taken.
    offset: i64 = 0,
    /// Less is more: litres for a distance.
    is_turned: bool = false,

    fn share(unit: *const Unit) Fraction {
        return .{ .over = unit.over, .under = unit.under, .exponent = unit.exponent };
    }
};

fn of(comptime kind: Kind, comptime symbol: []const u8, comptime words: []const u8, over: u64, exponent: i64) Unit {
    return .{ .symbol = symbol, .words = words, .kind = kind, .over = over, .exponent = exponent };
}

const all = [_]Unit{
    of(.length, "m", "metre metres meter meters", 1, 0),
    of(.length, "km", "kilometre kilometres kilometer kilometers", 1, 3),
    of(.length, "cm", "centimetre centimetres centimeter centimeters", 1, -2),
    of(.length, "mm", "millimetre millimetres millimeter millimeters", 1, -3),
    of(.length, "um", "micrometre micrometres micrometer micrometers micron microns µm μm", 1, -6),
    of(.length, "nm", "nanometre nanometres nanometer nanometers", 1, -9),
    of(.length, "in", "inch inches \"", 254, -4),
    of(.length, "ft", "foot feet", 3048, -4),
    of(.length, "yd", "yard yards", 9144, -4),
    of(.length, "mi", "mile miles", 1609344, -3),
    of(.length, "nmi", "nautical_mile nautical_miles", 1852, 0),
    of(.mass, "kg", "kilogram kilograms kilo kilos", 1, 0),
    of(.mass, "g", "gram grams gramme grammes", 1, -3),
    of(.mass, "mg", "milligram milligrams", 1, -6),
    of(.mass, "ug", "microgram micrograms µg μg", 1, -9),
    of(.mass, "t", "tonne tonnes metric_ton metric_tons", 1, 3),
    of(.mass, "lb", "lbs pound pounds", 45359237, -8),
    of(.mass, "oz", "ounce ounces", 28349523125, -12),
    of(.mass, "st", "stone stones", 635029318, -8),
    of(.mass, "ton_us", "short_ton short_tons us_ton us_tons", 90718474, -5),
    of(.mass, "ton_uk", "long_ton long_tons uk_ton uk_tons", 10160469088, -7),
    of(.volume, "l", "L litre litres liter liters dm3", 1, 0),
    of(.volume, "dl", "dL decilitre decilitres deciliter deciliters", 1, -1),
    of(.volume, "cl", "cL centilitre centilitres centiliter centiliters", 1, -2),
    of(.volume, "ml", "mL millilitre millilitres milliliter milliliters cm3 cc", 1, -3),
    of(.volume, "m3", "m³ cubic_metre cubic_metres cubic_meter cubic_meters", 1, 3),
    of(.volume, "ft3", "ft³ cubic_foot cubic_feet", 28316846592, -9),
    of(.volume, "in3", "in³ cubic_inch cubic_inches", 16387064, -9),
    of(.volume, "gal_us", "us_gallon us_gallons", 3785411784, -9),
    of(.volume, "qt_us", "us_quart us_quarts", 946352946, -9),
    of(.volume, "pt_us", "us_pint us_pints", 473176473, -9),
    of(.volume, "cup_us", "us_cup us_cups", 2365882365, -10),
    of(.volume, "floz_us", "us_fluid_ounce us_fluid_ounces", 295735295625, -13),
    of(.volume, "tbsp_us", "us_tablespoon us_tablespoons", 1478676478125, -14),
    of(.volume, "tsp_us", "us_teaspoon us_teaspoons", 492892159375, -14),
    of(.volume, "gal_uk", "imperial_gallon imperial_gallons uk_gallon uk_gallons", 454609, -5),
    of(.volume, "pt_uk", "imperial_pint imperial_pints uk_pint uk_pints", 56826125, -8),
    of(.volume, "floz_uk", "imperial_fluid_ounce imperial_fluid_ounces uk_fluid_ounce uk_fluid_ounces", 284130625, -10),
    of(.volume, "bbl", "oil_barrel oil_barrels", 158987294928, -9),
    .{ .symbol = "K", .words = "kelvin kelvins", .kind = .temperature, .over = 1 },
    .{ .symbol = "C", .words = "celsius centigrade degc °C", .kind = .temperature, .over = 1, .offset = 27315 },
    .{ .symbol = "F", .words = "fahrenheit degf °F", .kind = .temperature, .over = 5, .under = 9, .offset = 45967 },
    .{ .symbol = "R", .words = "rankine degr °R", .kind = .temperature, .over = 5, .under = 9 },
    of(.area, "m2", "m² square_metre square_metres square_meter square_meters sqm", 1, 0),
    of(.area, "km2", "km² square_kilometre square_kilometres square_kilometer square_kilometers", 1, 6),
    of(.area, "cm2", "cm² square_centimetre square_centimetres square_centimeter square_centimeters", 1, -4),
    of(.area, "mm2", "mm² square_millimetre square_millimetres square_millimeter square_millimeters", 1, -6),
    of(.area, "ha", "hectare hectares", 1, 4),
    of(.area, "acre", "acres", 40468564224, -7),
    of(.area, "in2", "in² square_inch square_inches sqin", 64516, -8),
    of(.area, "ft2", "ft² square_foot square_feet sqft", 9290304, -8),
    of(.area, "yd2", "yd² square_yard square_yards sqyd", 83612736, -8),
    of(.area, "mi2", "mi² square_mile square_miles", 2589988110336, -6),
    of(.speed, "m/s", "mps metres_per_second meters_per_second", 1, 0),
    .{ .symbol = "km/h", .words = "kmh kph kilometres_per_hour kilometers_per_hour", .kind = .speed, .over = 5, .under = 18 },
    of(.speed, "mph", "mi/h miles_per_hour", 44704, -5),
    of(.speed, "ft/s", "fps feet_per_second", 3048, -4),
    .{ .symbol = "kn", .words = "kt knot knots", .kind = .speed, .over = 463, .under = 900 },
    of(.time, "s", "sec secs second seconds", 1, 0),
    of(.time, "ms", "millisecond milliseconds", 1, -3),
    of(.time, "us", "microsecond microseconds µs μs", 1, -6),
    of(.time, "ns", "nanosecond nanoseconds", 1, -9),
    of(.time, "min", "mins minute minutes", 60, 0),
    of(.time, "h", "hr hrs hour hours", 3600, 0),
    of(.time, "d", "day days", 86400, 0),
    of(.time, "wk", "week weeks", 604800, 0),
    of(.energy, "J", "joule joules", 1, 0),
    of(.energy, "kJ", "kilojoule kilojoules", 1, 3),
    of(.energy, "MJ", "megajoule megajoules", 1, 6),
    of(.energy, "Wh", "watt_hour watt_hours", 3600, 0),
    of(.energy, "kWh", "kilowatt_hour kilowatt_hours", 36, 5),
    of(.energy, "cal", "calorie calories", 4184, -3),
    of(.energy, "kcal", "kilocalorie kilocalories", 4184, 0),
    of(.energy, "BTU", "btus", 105505585262, -8),
    of(.energy, "ft_lbf", "foot_pound foot_pounds", 13558179483314004, -16),
    of(.energy, "eV", "electronvolt electronvolts", 1602176634, -28),
    of(.power, "W", "watt watts", 1, 0),
    of(.power, "kW", "kilowatt kilowatts", 1, 3),
    of(.power, "MW", "megawatt megawatts", 1, 6),
    of(.power, "hp", "bhp horsepower", 7456998715822702200, -16),
    of(.power, "PS", "metric_horsepower cv", 73549875, -5),
    of(.pressure, "Pa", "pascal pascals", 1, 0),
    of(.pressure, "hPa", "hectopascal hectopascals", 1, 2),
    of(.pressure, "kPa", "kilopascal kilopascals", 1, 3),
    of(.pressure, "MPa", "megapascal megapascals", 1, 6),
    of(.pressure, "bar", "bars", 1, 5),
    of(.pressure, "mbar", "millibar millibars", 1, 2),
    of(.pressure, "atm", "atmosphere atmospheres", 101325, 0),
    of(.pressure, "mmHg", "millimetre_of_mercury millimeter_of_mercury", 133322387415, -9),
    of(.pressure, "inHg", "inch_of_mercury inches_of_mercury", 3386388640341, -9),
    .{ .symbol = "torr", .words = "torrs", .kind = .pressure, .over = 101325, .under = 760 },
    .{ .symbol = "psi", .words = "pounds_per_square_inch", .kind = .pressure, .over = 44482216152605, .under = 64516, .exponent = -5 },
    of(.data, "B", "byte bytes", 1, 0),
    of(.data, "kB", "KB kilobyte kilobytes", 1, 3),
    of(.data, "MB", "megabyte megabytes", 1, 6),
    of(.data, "GB", "gigabyte gigabytes", 1, 9),
    of(.data, "TB", "terabyte terabytes", 1, 12),
    of(.data, "PB", "petabyte petabytes", 1, 15),
    of(.data, "KiB", "kibibyte kibibytes", 1 << 10, 0),
    of(.data, "MiB", "mebibyte mebibytes", 1 << 20, 0),
    of(.data, "GiB", "gibibyte gibibytes", 1 << 30, 0),
    of(.data, "TiB", "tebibyte tebibytes", 1 << 40, 0),
    of(.data, "bit", "bits", 125, -3),
    of(.data, "kbit", "kilobit kilobits", 125, 0),
    of(.data, "Mbit", "megabit megabits Mb", 125, 3),
    of(.data, "Gbit", "gigabit gigabits Gb", 125, 6),
    of(.fuel, "km/l", "kml kmpl km/L kilometres_per_litre kilometers_per_liter", 1, 0),
    .{ .symbol = "l/100km", .words = "L/100km litres_per_100km liters_per_100km", .kind = .fuel, .over = 1, .exponent = 2, .is_turned = true },
    .{ .symbol = "mpg_us", .words = "us_mpg", .kind = .fuel, .over = 1609344, .under = 3785411784, .exponent = 3 },
    .{ .symbol = "mpg_uk", .words = "uk_mpg imperial_mpg", .kind = .fuel, .over = 1609344, .under = 454609, .exponent = -1 },
};

/// Words that name more than one unit.
const ambiguous = [_][2][]const u8{
    .{ "gal gallon gallons", "gal_us or gal_uk" },
    .{ "qt quart quarts", "qt_us" },
    .{ "pt pint pints", "pt_us or pt_uk" },
    .{ "cup cups", "cup_us" },
    .{ "floz fl_oz fluid_ounce fluid_ounces", "floz_us or floz_uk" },
    .{ "tbsp tablespoon tablespoons", "tbsp_us" },
    .{ "tsp teaspoon teaspoons", "tsp_us" },
    .{ "ton tons", "t, ton_us or ton_uk" },
    .{ "mpg miles_per_gallon", "mpg_us or mpg_uk" },
    .{ "month months year years", "d: months and years differ in length" },
};

/// Return the unit of that name.
pub fn find(name: []const u8) agent.Error!*const Unit {
    for (&all) |*unit| if (std.mem.eql(u8, unit.symbol, name)) return unit;
    for (&all) |*unit| if (isAmong(unit.words, name)) return unit;
    for (ambiguous) |row| if (isAmong(row[0], name)) return agent.refuse("ambiguous_unit", "'{s}' may mean several units; say {s}", .{ agent.short(name), row[1] });
    return agent.refuse("unknown_unit", "no unit is called '{s}'; a currency needs rates", .{agent.short(name)});
}

/// Match a word in any case, a symbol (which is no longer than four letters) as it is spelled.
fn isAmong(words: []const u8, name: []const u8) bool {
    var each = std.mem.splitScalar(u8, words, ' ');
    while (each.next()) |word| {
        if (word.len != name.len) continue;
        var is_same = true;
        for (word, name) |a, b| {
            const folded = if (b == ' ') '_' else if (word.len > 3) std.ascii.toLower(b) else b;
            const mine = if (word.len > 3) std.ascii.toLower(a) else a;
            if (mine != folded) is_same = false;
        }
        if (is_same) return true;
    }
    return false;
}

/// Return `amount` of one unit in another of its kind.
pub fn convert(amount: Fraction, from: *const Unit, to: *const Unit, spelled: []const u8) agent.Error!Fraction {
    var found = amount;
    if (from.is_turned) found = try found.turned();
    if (from.offset != 0 or to.offset != 0) found = try found.plusHundredths(from.offset);
    if (from.kind == .temperature and found.is_negative and found.over > 0) return agent.refuse("out_of_range", "{s} {s} is below absolute zero", .{ agent.short(spelled), from.symbol });
    found = found.times(from.share(), to.share());
    if (to.offset != 0) found = try found.plusHundredths(-to.offset);
    return if (to.is_turned) found.turned() else found;
}
