"""Components: guests written in languages that bring their own runtime, through one WIT world."""
