//! template: a text with places filled from JSON values.
//!
//!     {{ a.b }}  {{ a.b | html }}  {{! a note }}  {{"{{"}}
//!     {{#each rows}}{{ @index }} {{ name }}{{else}}none{{/each}}
//!     {{#if paid}}...{{else}}...{{/if}}  {{#unless paid}}...{{/unless}}
//!
//! Nothing in it is run: a template chooses, repeats and prints, no more.

const std = @import("std");
const agent = @import("agent");
const parsing = @import("parsing.zig");
const rendering = @import("rendering.zig");

const inputs = agent.inputs;

pub const panic = std.debug.no_panic;

comptime {
    agent.serve(answer);
}

fn answer(input: agent.json.Value, out: *agent.Text) agent.Error!void {
    const given = try inputs.open(input, &.{ "template", "values", "escape", "missing", "max_bytes" });
    const source = try inputs.string(given, "template") orelse return agent.refuse("bad_input", "template is missing", .{});
    const values = try inputs.need(given, "values");
    if (values != .object) return agent.refuse("bad_input", "values is no object", .{});
    const escape = try inputs.choice(parsing.Escape, given, "escape", .none);
    var renderer: rendering.Renderer = .{
        .missing = try inputs.choice(rendering.Missing, given, "missing", .@"error"),
        .max_bytes = try inputs.count(given, "max_bytes", 4_000_000) orelse 1_000_000,
    };
    try renderer.render(try parsing.parse(source, escape), &.{ .value = values });
    try out.appendSlice(agent.gpa, "{\"text\":");
    try agent.json.writeString(out, renderer.text.items);
    try out.appendSlice(agent.gpa, ",\"missing\":[");
    for (renderer.absent.items, 0..) |spelled, i| {
        if (i > 0) try out.append(agent.gpa, ',');
        try agent.json.writeString(out, spelled);
    }
    try out.appendSlice(agent.gpa, "]}");
}
