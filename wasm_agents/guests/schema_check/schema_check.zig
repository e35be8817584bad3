//! schema_check: says whether a JSON value keeps to a JSON Schema (2020-12), and where not.
//!
//! A keyword it does not know is refused: a check that leaves one out would call
//! wrong values valid. The work is bounded, whatever the schema says.

const std = @import("std");
const agent = @import("agent");
const checking = @import("checking.zig");
const schemas = @import("schemas.zig");

const inputs = agent.inputs;

pub const panic = std.debug.no_panic;

comptime {
    agent.serve(answer);
}

fn answer(input: agent.json.Value, out: *agent.Text) agent.Error!void {
    const given = try inputs.open(input, &.{ "value", "schema", "max_errors" });
    // null is a value to check like any other, and so is not the same as none.
    const value = given.get("value") orelse return agent.refuse("bad_input", "value is missing", .{});
    var book: schemas.Book = .{ .root = try inputs.need(given, "schema") };
    try book.read();
    var checker: checking.Checker = .{ .book = &book, .max_errors = try inputs.count(given, "max_errors", 1000) orelse 100 };
    const is_valid = try checker.check(book.root, value, .{});
    try out.print(agent.gpa, "{{\"valid\":{},\"errors\":[", .{is_valid});
    try out.appendSlice(agent.gpa, checker.errors.items);
    try out.print(agent.gpa, "],\"complete\":{},\"unchecked\":[", .{!checker.has_more});
    for (book.unchecked.items, 0..) |keyword, i| {
        if (i > 0) try out.append(agent.gpa, ',');
        try agent.json.writeString(out, keyword);
    }
    try out.appendSlice(agent.gpa, "]}");
}
