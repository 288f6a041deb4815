;; The inner loops over packet bytes, sixteen at a time: twins of addBytes in checksum.ts and of fingerprint in
;; fingerprint.ts, with the same results. `npm run build:wasm` turns this into checksum-simd-module.ts.
;;
;; Both functions read whole blocks of 16 bytes and mask what lies beyond the end: the slab keeps 16 bytes spare
;; behind its last packet for that.
(module
  (import "slab" "memory" (memory 1))

  ;; A mask of 0xff in the first $count bytes (0 to 15), of 0 in the others.
  (func $firstBytes (param $count i32) (result v128)
    (i8x16.lt_u
      (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
      (i8x16.splat (local.get $count))))

  ;; The ones'-complement sum (RFC 1071) of $length bytes at $at, added to $sum (16 bits), folded to 16 bits.
  ;; The words are added as the little-endian machine reads them; RFC 1071 §2(B) lets us swap the sum instead of
  ;; each word. Four 32-bit lanes take twice 65535 each per block, so they hold out for half a megabyte.
  (func (export "addBytes") (param $at i32) (param $length i32) (param $sum i32) (result i32)
    (local $end i32)
    (local $lanes v128)
    (local $others v128)
    (local $total i32)

    ;; pairs of blocks, in two sums that do not wait for each other
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -32))))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then
        (loop $next
          (local.set $lanes (i32x4.add (local.get $lanes)
            (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $at)))))
          (local.set $others (i32x4.add (local.get $others)
            (i32x4.extadd_pairwise_i16x8_u (v128.load offset=16 align=1 (local.get $at)))))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))

    ;; a last whole block
    (if (i32.and (local.get $length) (i32.const 16))
      (then
        (local.set $lanes (i32x4.add (local.get $lanes)
          (i32x4.extadd_pairwise_i16x8_u (v128.load align=1 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))))

    ;; the rest, as if followed by zeros
    (local.set $length (i32.and (local.get $length) (i32.const 15)))
    (if (local.get $length)
      (then
        (local.set $others (i32x4.add (local.get $others)
          (i32x4.extadd_pairwise_i16x8_u
            (v128.and (v128.load align=1 (local.get $at)) (call $firstBytes (local.get $length))))))))

    ;; add the lanes, fold to 16 bits, swap the bytes, add $sum, fold again
    (local.set $lanes (i32x4.add (local.get $lanes) (local.get $others)))
    (local.set $total (i32.add
      (i32.add (i32x4.extract_lane 0 (local.get $lanes)) (i32x4.extract_lane 1 (local.get $lanes)))
      (i32.add (i32x4.extract_lane 2 (local.get $lanes)) (i32x4.extract_lane 3 (local.get $lanes)))))
    (local.set $total (i32.add
      (i32.and (local.get $total) (i32.const 0xffff)) (i32.shr_u (local.get $total) (i32.const 16))))
    (local.set $total (i32.add
      (i32.and (local.get $total) (i32.const 0xffff)) (i32.shr_u (local.get $total) (i32.const 16))))
    (local.set $total (i32.add
      (i32.add
        (i32.shl (i32.and (local.get $total) (i32.const 0xff)) (i32.const 8))
        (i32.shr_u (local.get $total) (i32.const 8)))
      (local.get $sum)))
    (i32.add (i32.and (local.get $total) (i32.const 0xffff)) (i32.shr_u (local.get $total) (i32.const 16))))

  ;; x ^ (x >>> 15) in each lane.
  (func $spread (param $lanes v128) (result v128)
    (v128.xor (local.get $lanes) (i32x4.shr_u (local.get $lanes) (i32.const 15))))

  ;; x * 0x9e3779b1, then x ^ (x >>> 15), in each lane.
  (func $stir (param $lanes v128) (result v128)
    (call $spread
      (i32x4.mul (local.get $lanes) (v128.const i32x4 0x9e3779b1 0x9e3779b1 0x9e3779b1 0x9e3779b1))))

  ;; The same for one word.
  (func $stirWord (param $word i32) (result i32)
    (local.set $word (i32.mul (local.get $word) (i32.const 0x9e3779b1)))
    (i32.xor (local.get $word) (i32.shr_u (local.get $word) (i32.const 15))))

  ;; A hash of $length bytes at $at that tells every byte and its position: see fingerprint.ts.
  (func (export "fingerprint") (param $at i32) (param $length i32) (result i32)
    (local $end i32)
    (local $hash i32)
    (local $block v128)
    (local $sum1 v128)
    (local $sum2 v128)
    (local $sum3 v128)
    (local $sum4 v128)

    (local.set $hash (local.get $length))
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -16))))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then
        (loop $next
          (local.set $block (v128.load align=1 (local.get $at)))
          ;; $spread, written out: engines do not inline it
          (local.set $block (v128.xor (local.get $block) (i32x4.shr_u (local.get $block) (i32.const 15))))
          (local.set $sum1 (i32x4.add (local.get $sum1) (local.get $block)))
          (local.set $sum2 (i32x4.add (local.get $sum2) (local.get $sum1)))
          (local.set $sum3 (i32x4.add (local.get $sum3) (local.get $sum2)))
          (local.set $sum4 (i32x4.add (local.get $sum4) (local.get $sum3)))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))

    ;; the rest, as if followed by zeros; the length, which is hashed too, tells them from real ones
    (local.set $length (i32.and (local.get $length) (i32.const 15)))
    (if (local.get $length)
      (then
        (local.set $sum1 (i32x4.add (local.get $sum1) (call $spread
          (v128.and (v128.load align=1 (local.get $at)) (call $firstBytes (local.get $length))))))
        (local.set $sum2 (i32x4.add (local.get $sum2) (local.get $sum1)))
        (local.set $sum3 (i32x4.add (local.get $sum3) (local.get $sum2)))
        (local.set $sum4 (i32x4.add (local.get $sum4) (local.get $sum3)))))

    ;; stir the four sums into one, then its four lanes into the length
    (local.set $sum4 (call $stir (local.get $sum4)))
    (local.set $sum4 (call $stir (v128.xor (local.get $sum4) (local.get $sum3))))
    (local.set $sum4 (call $stir (v128.xor (local.get $sum4) (local.get $sum2))))
    (local.set $sum4 (call $stir (v128.xor (local.get $sum4) (local.get $sum1))))
    (local.set $hash (call $stirWord (i32.xor (local.get $hash) (i32x4.extract_lane 0 (local.get $sum4)))))
    (local.set $hash (call $stirWord (i32.xor (local.get $hash) (i32x4.extract_lane 1 (local.get $sum4)))))
    (local.set $hash (call $stirWord (i32.xor (local.get $hash) (i32x4.extract_lane 2 (local.get $sum4)))))
    (call $stirWord (i32.xor (local.get $hash) (i32x4.extract_lane 3 (local.get $sum4)))))
)
