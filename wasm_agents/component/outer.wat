;; What every guest is put into before it is compiled: an answer too long is refused before the host copies a byte.
;; `outer.py` holds these bytes, without names; the guest takes the place of the empty component.
(component
  ;; First, so that its instructions stand where they stand whatever the guest is: a trap in it is known by that.
  (core module $room
    (memory (export "memory") 1)
    (global $most (export "most") (mut i32) (i32.const -1))
    ;; One string at a time lies here, always at 16: the guest has the input before it answers.
    (func (export "realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
      (local $more i32)
      ;; A place grows when text in UTF-16 turns out longer in UTF-8: three bytes for each unit at worst.
      (if (i32.gt_u (local.get $size)
            (select (i32.mul (global.get $most) (i32.const 3)) (global.get $most) (local.get $old)))
        (then (call $over)))
      (local.set $more
        (i32.sub (i32.shr_u (i32.add (local.get $size) (i32.const 65551)) (i32.const 16)) (memory.size)))
      (if (i32.gt_s (local.get $more) (i32.const 0))
        (then (if (i32.eq (i32.const -1) (memory.grow (local.get $more))) (then (call $full)))))
      (i32.const 16))
    (func $over (export "over") unreachable)
    (func $full unreachable))
  (core module $door
    (import "room" "memory" (memory 1))
    (import "room" "most" (global $most (mut i32)))
    (import "room" "over" (func $over))
    (import "guest" "execute" (func $execute (param i32 i32 i32)))
    (func (export "bounded") (param $most i32) (param $input i32) (param $length i32) (result i32)
      (global.set $most (local.get $most))
      (call $execute (local.get $input) (local.get $length) (i32.const 0))
      (if (i32.gt_u (i32.load offset=8 (i32.const 0)) (local.get $most)) (then (call $over)))
      (i32.const 0)))
  (component)
  (core instance $room (instantiate $room))
  (instance $guest (instantiate 0))
  (alias export $guest "execute" (func $inner))
  (core func $lowered (canon lower (func $inner)
    (memory (core memory $room "memory")) (realloc (core func $room "realloc"))))
  (core instance $lowered (export "execute" (func $lowered)))
  (core instance $door (instantiate $door (with "room" (instance $room)) (with "guest" (instance $lowered))))
  (func (export "bounded") (param "most" u32) (param "input" string) (result (result string (error string)))
    (canon lift (core func $door "bounded")
      (memory (core memory $room "memory")) (realloc (core func $room "realloc"))))
  ;; The guest's own, as it is: what it takes and gives is held against the world.
  (export "execute" (func $inner)))
