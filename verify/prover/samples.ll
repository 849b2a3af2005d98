; Functions with a verdict that is known: the attribute says what obligation or predicate breaks, `` for none. They stand for the kernel in the
; prover's own tests.
target datalayout = "e-m:e-p270:32:32-p271:32:32-p272:64:64-i64:64-i128:128-f80:128-n8:16:32:64-S128"
target triple = "x86_64-unknown-none-elf"

%FrameInfo = type { i32, i32, i32, i32, i32, i32, i64 }
%Thread = type { i64, i32, i32, [4 x i64] }
%Pair = type { i32, i32 }

@frames = external global [0 x %FrameInfo]
@frame_count = external global i32
@threads = external global [0 x %Thread]
@regions = external global [0 x %Thread]
@numbers = external global [8 x i32]
@pairs = external global [4 x %Pair]
@counter = external global i32
@total = external global i32
@flag = external global i8
@name = constant [17 x i8] c"counter_is_small\00"
@growing = constant [18 x i8] c"numbers_only_grow\00"
@translation_roots = global [64 x i64] zeroinitializer
@translations = constant [13 x i8] c"translations\00"
@table = constant [4 x i32] [i32 3, i32 5, i32 7, i32 9]

declare void @verify_assume(i1)
declare void @verify_old_begin()
declare void @verify_old_end()
declare void @verify_expect(i1)
declare void @verify_forget(ptr, i64)
declare void @verify_raise(ptr, i64)
declare void @verify_require(ptr)
declare void @verify_keep(ptr)
declare void @verify_keep_all()
declare void @verify_obey(ptr)
declare void @verify_part()
declare void @verify_return_apart()
declare i32 @verify_any_word()
declare i64 @verify_some(i64)
declare void @verify_promise(i1)
declare void @verify_split(i32, i32)
declare i64 @verify_each()
declare void @verify_write_where(i1, i64, ptr, i64)
declare void @verify_demand(ptr, i1)
declare void @verify_access(ptr)
declare void @verify_leave()
declare ptr @verify_root()
declare void @leave_to_trap(ptr)
declare void @clear_frame(i32, i32)
declare void @_ZN4pith4arch8diagnoseEc(i8)
declare i64 @_ZN4pith4arch3nowEv()
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
declare void @llvm.assume(i1)
declare void @llvm.trap()
declare void @assertion_failed()
declare void @llvm.ubsantrap(i8)
declare { i32, i1 } @llvm.sadd.with.overflow.i32(i32, i32)
declare { i32, i1 } @llvm.ssub.with.overflow.i32(i32, i32)
declare { i32, i1 } @llvm.smul.with.overflow.i32(i32, i32)
declare i32 @llvm.umin.i32(i32, i32)
declare i32 @llvm.cttz.i32(i32, i1)
declare { i32, i1 } @llvm.uadd.with.overflow.i32(i32, i32)

; ---- predicates ----

; counter <= 100
define i1 @invariant_counter_is_small() {
  %c = load i32, ptr @counter
  %r = icmp ule i32 %c, 100
  ret i1 %r
}
; numbers[i] <= counter, for every i
define i1 @invariant_numbers_are_below_the_counter(i32 %i) {
  %in = icmp ult i32 %i, 8
  br i1 %in, label %look, label %out
look:
  %w = zext i32 %i to i64
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %w
  %n = load i32, ptr %p
  %c = load i32, ptr @counter
  %r = icmp ule i32 %n, %c
  ret i1 %r
out:
  ret i1 true
}
; total never shrinks
define i1 @property_total_only_grows() {
  call void @verify_old_begin()
  %before = load i32, ptr @total
  call void @verify_old_end()
  %after = load i32, ptr @total
  %r = icmp ule i32 %before, %after
  ret i1 %r
}

; ---- bounds ----

define void @entry_inside(i64 %i) "expect"="" {
  %small = and i64 %i, 7
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %small
  store i32 0, ptr %p
  ret void
}
define void @entry_outside(i64 %i) "expect"="index out of bounds" {
  %small = and i64 %i, 15
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %small
  store i32 0, ptr %p
  ret void
}
define void @entry_one_behind() "expect"="index out of bounds" {
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 8
  store i32 0, ptr %p
  ret void
}
define void @entry_checked(i64 %i) "expect"="" {
  %in = icmp ult i64 %i, 8
  br i1 %in, label %write, label %out
write:
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  store i32 0, ptr %p
  br label %out
out:
  ret void
}
define void @entry_checked_with_sign(i64 %i) "expect"="index out of bounds" {
  %in = icmp slt i64 %i, 8
  br i1 %in, label %write, label %out
write:
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  store i32 0, ptr %p
  br label %out
out:
  ret void
}

; ---- poison, division, unreachable ----

define void @entry_signed_overflow(i32 %a) "expect"="branch on poison" {
  %b = add nsw i32 %a, 1
  %c = icmp sgt i32 %b, 7
  br i1 %c, label %x, label %x
x:
  ret void
}
define void @entry_no_signed_overflow(i32 %a) "expect"="" {
  %small = and i32 %a, 65535
  %b = add nsw i32 %small, 1
  %c = icmp sgt i32 %b, 7
  br i1 %c, label %x, label %x
x:
  ret void
}
define void @entry_unsigned_overflow(i32 %a) "expect"="branch on poison" {
  %b = mul nuw i32 %a, 3
  %c = icmp ugt i32 %b, 7
  br i1 %c, label %x, label %x
x:
  ret void
}
define void @entry_shift_too_far(i32 %a) "expect"="branch on poison" {
  %b = shl i32 1, %a
  %c = icmp eq i32 %b, 8
  br i1 %c, label %x, label %x
x:
  ret void
}
define void @entry_inexact(i32 %a) "expect"="branch on poison" {
  %b = lshr exact i32 %a, 1
  %c = icmp eq i32 %b, 8
  br i1 %c, label %x, label %x
x:
  ret void
}
define void @entry_poison_that_nobody_looks_at(i32 %a) "expect"="" {
  %b = add nsw i32 %a, 1
  ret void
}
define void @entry_zero_without_trailing_zeros(i32 %a) "expect"="branch on poison" {
  %b = call i32 @llvm.cttz.i32(i32 %a, i1 true)
  %c = icmp eq i32 %b, 8
  br i1 %c, label %x, label %x
x:
  ret void
}
define void @entry_division(i32 %a, i32 %b) "expect"="division by zero" {
  %q = udiv i32 %a, %b
  ret void
}
define void @entry_division_by_odd(i32 %a, i32 %b) "expect"="" {
  %odd = or i32 %b, 1
  %q = udiv i32 %a, %odd
  ret void
}
define void @entry_signed_division(i32 %a, i32 %b) "expect"="division overflows" {
  %odd = or i32 %b, 1
  %q = sdiv i32 %a, %odd
  ret void
}
define void @entry_trap(i32 %a) "expect"="undefined behaviour (trap reached)" {
  %c = icmp eq i32 %a, 77
  br i1 %c, label %x, label %y
x:
  call void @llvm.trap()
  br label %y
y:
  ret void
}
define void @entry_wrong_assumption(i32 %a) "expect"="assumption of the compiler" {
  %c = icmp ult i32 %a, 77
  call void @llvm.assume(i1 %c)
  ret void
}
define void @entry_overflow_told(i32 %a) "expect"="" {
  %pair = call { i32, i1 } @llvm.uadd.with.overflow.i32(i32 %a, i32 1)
  %sum = extractvalue { i32, i1 } %pair, 0
  %over = extractvalue { i32, i1 } %pair, 1
  br i1 %over, label %x, label %y
x:
  %zero = icmp eq i32 %sum, 0
  call void @llvm.assume(i1 %zero)
  ret void
y:
  ret void
}

; ---- views ----

define void @entry_frame_unchecked(i32 %f) "expect"="frame that does not exist" {
  %small = and i32 %f, 16777215
  %w = zext i32 %small to i64
  %p = getelementptr [0 x %FrameInfo], ptr @frames, i64 0, i64 %w, i32 3
  store i32 0, ptr %p
  ret void
}
define void @entry_view_unchecked(i32 %f) "expect"="view of a frame of another type" {
  %small = and i32 %f, 16777215
  %w = zext i32 %small to i64
  %p = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w, i32 0
  store i64 0, ptr %p
  ret void
}
define void @entry_view_of_its_type(i32 %f) "expect"="" {
  %n = load i32, ptr @frame_count
  %few = icmp ule i32 %n, 16777216
  call void @verify_assume(i1 %few)
  %in = icmp ult i32 %f, %n
  br i1 %in, label %look, label %out
look:
  %w = zext i32 %f to i64
  %p = getelementptr [0 x %FrameInfo], ptr @frames, i64 0, i64 %w, i32 0
  %type = load i32, ptr %p
  %is = icmp eq i32 %type, 7
  br i1 %is, label %write, label %out
write:
  %q = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w, i32 1
  store i32 0, ptr %q
  br label %out
out:
  ret void
}
define void @entry_view_of_another_type(i32 %f) "expect"="view of a frame of another type" {
  %n = load i32, ptr @frame_count
  %few = icmp ule i32 %n, 16777216
  call void @verify_assume(i1 %few)
  %in = icmp ult i32 %f, %n
  br i1 %in, label %look, label %out
look:
  %w = zext i32 %f to i64
  %p = getelementptr [0 x %FrameInfo], ptr @frames, i64 0, i64 %w, i32 0
  %type = load i32, ptr %p
  %is = icmp eq i32 %type, 3
  br i1 %is, label %write, label %out
write:
  %q = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w, i32 1
  store i32 0, ptr %q
  br label %out
out:
  ret void
}
; What another type's view held is gone with clear_frame.
define void @entry_cleared(i32 %f) "expect"="" {
  %small = and i32 %f, 16777215
  %w = zext i32 %small to i64
  %n = load i32, ptr @frame_count
  %few = icmp ult i32 %small, %n
  call void @verify_assume(i1 %few)
  call void @clear_frame(i32 %small, i32 512)
  %p = getelementptr [0 x %FrameInfo], ptr @frames, i64 0, i64 %w, i32 0
  store i32 7, ptr %p
  %q = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w, i32 3, i64 2
  %word = load i64, ptr %q
  %zero = icmp eq i64 %word, 0
  call void @llvm.assume(i1 %zero)
  ret void
}
define void @entry_not_cleared(i32 %f) "expect"="assumption of the compiler" {
  %small = and i32 %f, 16777215
  %w = zext i32 %small to i64
  %n = load i32, ptr @frame_count
  %few = icmp ult i32 %small, %n
  call void @verify_assume(i1 %few)
  %p = getelementptr [0 x %FrameInfo], ptr @frames, i64 0, i64 %w, i32 0
  store i32 7, ptr %p
  %q = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w, i32 3, i64 2
  %word = load i64, ptr %q
  %zero = icmp eq i64 %word, 0
  call void @llvm.assume(i1 %zero)
  ret void
}

; ---- memory: what was written is read, through merges, copies, parts of fields ----

define void @entry_places_may_be_one(i64 %i, i64 %j) "expect"="assumption of the compiler" {
  %a = and i64 %i, 7
  %b = and i64 %j, 7
  %p = getelementptr [4 x %Pair], ptr @pairs, i64 0, i64 0, i32 0
  %x = and i64 %i, 3
  %y = and i64 %j, 3
  %q = getelementptr [4 x %Pair], ptr @pairs, i64 0, i64 %x, i32 1
  %r = getelementptr [4 x %Pair], ptr @pairs, i64 0, i64 %y, i32 1
  store i32 1, ptr %q
  store i32 2, ptr %r
  %now = load i32, ptr %q
  %one = icmp eq i32 %now, 1
  call void @llvm.assume(i1 %one)
  ret void
}
define void @entry_wide_store() "expect"="" {
  store i64 4294967298, ptr @pairs
  %q = getelementptr [4 x %Pair], ptr @pairs, i64 0, i64 0, i32 1
  %high = load i32, ptr %q
  %one = icmp eq i32 %high, 1
  call void @llvm.assume(i1 %one)
  %low = load i8, ptr @pairs
  %two = icmp eq i8 %low, 2
  call void @llvm.assume(i1 %two)
  ret void
}
define void @entry_set_and_copied() "expect"="" {
  call void @llvm.memset.p0.i64(ptr @pairs, i8 1, i64 8, i1 false)
  %to = getelementptr [4 x %Pair], ptr @pairs, i64 0, i64 2
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr @pairs, i64 8, i1 false)
  %q = getelementptr [4 x %Pair], ptr @pairs, i64 0, i64 2, i32 1
  %word = load i32, ptr %q
  %ones = icmp eq i32 %word, 16843009
  call void @llvm.assume(i1 %ones)
  ret void
}
define internal void @either(i1 %c) {
  br i1 %c, label %x, label %y
x:
  store i32 1, ptr @total
  br label %end
y:
  store i32 2, ptr @total
  br label %end
end:
  ret void
}
define void @entry_merged(i1 %c) "expect"="" {
  %before = load i32, ptr @total
  %none = icmp eq i32 %before, 0
  call void @verify_assume(i1 %none)
  call void @either(i1 %c)
  %after = load i32, ptr @total
  %wanted = select i1 %c, i32 1, i32 2
  %good = icmp eq i32 %after, %wanted
  call void @llvm.assume(i1 %good)
  ret void
}
define void @entry_choice_of_pointers(i1 %c) "expect"="" {
  %p = select i1 %c, ptr @total, ptr @pairs
  %before = load i32, ptr @total
  %few = icmp ule i32 %before, 5
  call void @verify_assume(i1 %few)
  store i32 5, ptr %p
  ret void
}
define void @entry_null(i1 %c) "expect"="null pointer" {
  %p = select i1 %c, ptr @pairs, ptr null
  store i32 5, ptr %p
  ret void
}
define void @entry_table_of_constants(i64 %i) "expect"="" {
  %small = and i64 %i, 3
  %p = getelementptr [4 x i32], ptr @table, i64 0, i64 %small
  %v = load i32, ptr %p
  %odd = and i32 %v, 1
  %good = icmp eq i32 %odd, 1
  call void @llvm.assume(i1 %good)
  ret void
}
define void @entry_device_answers_anything() "expect"="assumption of the compiler" {
  %t = call i64 @_ZN4pith4arch3nowEv()
  %good = icmp ne i64 %t, 5
  call void @llvm.assume(i1 %good)
  ret void
}

; ---- branches and loops ----

define void @entry_switch(i32 %a) "expect"="" {
  switch i32 %a, label %other [ i32 1, label %one
                                i32 2, label %two ]
one:
  ret void
two:
  ret void
other:
  %good = icmp ne i32 %a, 2
  call void @llvm.assume(i1 %good)
  ret void
}
define void @entry_switch_misses_one(i32 %a) "expect"="value outside the enumeration" {
  %low = and i32 %a, 3
  switch i32 %low, label %other [ i32 0, label %one
                                  i32 1, label %one
                                  i32 2, label %one ]
one:
  ret void
other:
  unreachable
}
define void @entry_loop() "expect"="" {
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %j, %next ]
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  store i32 0, ptr %p
  %j = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %j, 8
  br i1 %more, label %next, label %out
out:
  ret void
}
define void @entry_loop_too_long() "expect"="index out of bounds" {
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %j, %next ]
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  store i32 0, ptr %p
  %j = add nuw nsw i64 %i, 1
  %more = icmp ule i64 %j, 8
  br i1 %more, label %next, label %out
out:
  ret void
}

; One block, which changes something, and whose end only the path knows.
define void @entry_loop_that_the_path_ends(i32 %n) "expect"="" {
  %few = call i32 @llvm.umin.i32(i32 %n, i32 3)
  %none = icmp eq i32 %few, 0
  br i1 %none, label %out, label %next
next:
  %i = phi i32 [ 0, %0 ], [ %j, %next ]
  %w = zext i32 %i to i64
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %w
  store i32 0, ptr %p
  %j = add nuw nsw i32 %i, 1
  %done = icmp eq i32 %j, %few
  br i1 %done, label %out, label %next
out:
  ret void
}

; ---- predicates kept and broken, and what is assumed ----

define void @entry_counts_on() "expect"="invariant_counter_is_small" {
  %c = load i32, ptr @counter
  %d = add i32 %c, 1
  store i32 %d, ptr @counter
  ret void
}
define void @entry_counts_to_the_limit() "expect"="" {
  %c = load i32, ptr @counter
  %less = icmp ult i32 %c, 100
  br i1 %less, label %more, label %out
more:
  %d = add nuw nsw i32 %c, 1
  store i32 %d, ptr @counter
  br label %out
out:
  ret void
}
define void @entry_counts_back() "expect"="invariant_numbers_are_below_the_counter" {
  store i32 0, ptr @counter
  ret void
}
; Only the instance for the place that is read shows it.
define void @entry_copies_a_number(i64 %i, i64 %j) "expect"="" {
  %a = and i64 %i, 7
  %b = and i64 %j, 7
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %a
  %q = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %b
  %v = load i32, ptr %p
  store i32 %v, ptr %q
  ret void
}
define void @entry_sets_a_number(i64 %i, i32 %v) "expect"="invariant_numbers_are_below_the_counter" {
  %a = and i64 %i, 7
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %a
  store i32 %v, ptr %p
  ret void
}
define void @entry_total_shrinks(i32 %v) "expect"="property_total_only_grows" {
  store i32 %v, ptr @total
  ret void
}
define void @entry_total_grows(i32 %v) "expect"="" {
  %t = load i32, ptr @total
  %u = call i32 @llvm.umin.i32(i32 %v, i32 %t)
  %c = icmp ult i32 %u, %v
  br i1 %c, label %more, label %out
more:
  store i32 %v, ptr @total
  br label %out
out:
  ret void
}
; Nothing is proved from assumptions that contradict each other.
define void @entry_contradiction(i32 %a) "expect"="no path is feasible: the assumptions contradict each other" {
  %big = icmp ugt i32 %a, 9
  call void @verify_assume(i1 %big)
  %small = icmp ult i32 %a, 5
  call void @verify_assume(i1 %small)
  store i32 1000, ptr @counter
  ret void
}
define void @entry_contradicts_an_invariant() "expect"="no path is feasible: the assumptions contradict each other" {
  %c = load i32, ptr @counter
  %big = icmp ugt i32 %c, 200
  call void @verify_assume(i1 %big)
  ret void
}

; ---- cases ----

define void @entry_split(i32 %a) "expect"="" {
  %low = and i32 %a, 3
  call void @verify_split(i32 %low, i32 4)
  %w = zext i32 %low to i64
  %p = getelementptr [4 x i32], ptr @table, i64 0, i64 %w
  %v = load i32, ptr %p
  %r = icmp ule i32 %v, 9
  call void @llvm.assume(i1 %r)
  ret void
}
define void @entry_split_misses_one(i32 %a) "expect"="all cases of a split" {
  %low = and i32 %a, 3
  call void @verify_split(i32 %low, i32 3)
  ret void
}

; ---- contracts ----

; Sets one number to the counter, adds one to the total, and sets the flag if the number was another.
define void @refill(i32 %i) {
  %w = zext i32 %i to i64
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %w
  %n = load i32, ptr %p
  %c = load i32, ptr @counter
  store i32 %c, ptr %p
  %t = load i32, ptr @total
  %u = add i32 %t, 1
  store i32 %u, ptr @total
  %same = icmp eq i32 %n, %c
  br i1 %same, label %out, label %raise
raise:
  store i8 1, ptr @flag
  br label %out
out:
  ret void
}
define void @contract_refill(i32 %i) {
  call void @verify_forget(ptr @numbers, i64 32)
  call void @verify_raise(ptr @flag, i64 1)
  %in = icmp ult i32 %i, 8
  call void @verify_expect(i1 %in)
  %t = load i32, ptr @total
  %less = icmp ult i32 %t, 1000
  call void @verify_expect(i1 %less)
  %u = add i32 %t, 1
  store i32 %u, ptr @total
  ret void
}
define void @entry_contract_refill(i32 %i) "expect"="" {
  call void @refill(i32 %i)
  ret void
}

; Does more than its contract says.
define void @overdo(i32 %i) {
  store i32 %i, ptr @total
  ret void
}
define void @contract_overdo(i32 %i) {
  call void @verify_forget(ptr @numbers, i64 32)
  ret void
}
define void @entry_contract_overdo(i32 %i) "expect"="as the contract says: total" {
  call void @overdo(i32 %i)
  ret void
}
; Does less.
define void @underdo(i32 %i) {
  ret void
}
define void @contract_underdo(i32 %i) {
  call void @verify_forget(ptr @numbers, i64 32)
  store i32 %i, ptr @total
  ret void
}
define void @entry_contract_underdo(i32 %i) "expect"="as the contract says: total" {
  call void @underdo(i32 %i)
  ret void
}
; Breaks an invariant of what its contract forgets.
define void @overfill(i32 %v) {
  store i32 %v, ptr @numbers
  ret void
}
define void @contract_overfill(i32 %v) {
  call void @verify_forget(ptr @numbers, i64 32)
  ret void
}
define void @entry_contract_overfill(i32 %v) "expect"="invariant_numbers_are_below_the_counter" {
  call void @overfill(i32 %v)
  ret void
}
; Clears a flag that its contract only raises.
define void @lower() {
  store i8 0, ptr @flag
  ret void
}
define void @contract_lower() {
  call void @verify_raise(ptr @flag, i64 1)
  ret void
}
define void @entry_contract_lower() "expect"="as the contract says: flag" {
  call void @lower()
  ret void
}
; What only an invariant says that its contract does not require is not known in it.
define void @limit(i32 %i) {
  %c = load i32, ptr @counter
  %small = icmp ule i32 %c, 100
  call void @llvm.assume(i1 %small)
  ret void
}
define void @contract_limit(i32 %i) {
  ret void
}
define void @entry_contract_limit(i32 %i) "expect"="assumption of the compiler" {
  call void @limit(i32 %i)
  ret void
}
define void @limit_required(i32 %i) {
  call void @limit(i32 %i)
  ret void
}
define void @contract_limit_required(i32 %i) {
  call void @verify_require(ptr @name)
  ret void
}
define void @entry_contract_limit_required(i32 %i) "expect"="" {
  %c = load i32, ptr @counter
  call void @limit_required(i32 %i)
  ret void
}
; Promises what does not follow.
define void @grow(i32 %v) {
  store i32 %v, ptr @total
  ret void
}
define void @contract_grow(i32 %v) {
  %w = zext i32 %v to i64
  %s = call i64 @verify_some(i64 %w)
  %few = icmp ult i64 %s, 10
  call void @verify_promise(i1 %few)
  %t = trunc i64 %s to i32
  store i32 %t, ptr @total
  ret void
}
define void @entry_contract_grow(i32 %v) "expect"="what a contract promises" {
  call void @grow(i32 %v)
  ret void
}

; Callers: what the contract does not forget they know, what it forgets only as far as invariants go.
define void @entry_knows_the_total() "expect"="" {
  store i32 5, ptr @total
  call void @refill(i32 3)
  %t = load i32, ptr @total
  %six = icmp eq i32 %t, 6
  call void @llvm.assume(i1 %six)
  store i32 -1, ptr @total
  ret void
}
define void @entry_knows_the_invariant(i32 %i) "expect"="" {
  %t = load i32, ptr @total
  %few = icmp ult i32 %t, 10
  call void @verify_assume(i1 %few)
  call void @refill(i32 3)
  %low = and i32 %i, 7
  %w = zext i32 %low to i64
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %w
  %n = load i32, ptr %p
  %c = load i32, ptr @counter
  %below = icmp ule i32 %n, %c
  call void @llvm.assume(i1 %below)
  ret void
}
define void @entry_knows_no_number() "expect"="assumption of the compiler" {
  %t = load i32, ptr @total
  %few = icmp ult i32 %t, 10
  call void @verify_assume(i1 %few)
  %n = load i32, ptr @numbers
  call void @refill(i32 3)
  %m = load i32, ptr @numbers
  %same = icmp eq i32 %m, %n
  call void @llvm.assume(i1 %same)
  ret void
}
define void @entry_knows_that_a_flag_stays() "expect"="" {
  store i32 5, ptr @total
  store i8 1, ptr @flag
  call void @refill(i32 3)
  %f = load i8, ptr @flag
  %low = and i8 %f, 1
  %set = icmp eq i8 %low, 1
  call void @llvm.assume(i1 %set)
  store i32 -1, ptr @total
  ret void
}
define void @entry_does_not_know_that_a_flag_stays_down() "expect"="assumption of the compiler" {
  %t = load i32, ptr @total
  %few = icmp ult i32 %t, 10
  call void @verify_assume(i1 %few)
  store i8 0, ptr @flag
  call void @refill(i32 3)
  %f = load i8, ptr @flag
  %clear = icmp eq i8 %f, 0
  call void @llvm.assume(i1 %clear)
  ret void
}
define void @entry_calls_with_what_is_not_expected(i32 %i) "expect"="what a contract expects" {
  %t = load i32, ptr @total
  %few = icmp ult i32 %t, 10
  call void @verify_assume(i1 %few)
  call void @refill(i32 %i)
  ret void
}
define void @entry_calls_while_an_invariant_is_broken() "expect"="invariant_numbers_are_below_the_counter" {
  %t = load i32, ptr @total
  %few = icmp ult i32 %t, 10
  call void @verify_assume(i1 %few)
  %c = load i32, ptr @counter
  store i32 0, ptr @counter
  call void @refill(i32 3)
  store i32 %c, ptr @counter
  ret void
}
define void @entry_calls_while_what_is_required_is_broken() "expect"="invariant_counter_is_small" {
  %c = load i32, ptr @counter
  store i32 101, ptr @counter
  call void @limit_required(i32 1)
  store i32 %c, ptr @counter
  ret void
}

; What a function answers, of which callers learn what is promised.
define i32 @half(i32 %v) {
  %h = lshr i32 %v, 1
  ret i32 %h
}
define i32 @contract_half(i32 %v) {
  %h = call i32 @verify_any_word()
  %less = icmp ule i32 %h, %v
  call void @verify_promise(i1 %less)
  ret i32 %h
}
define i32 @entry_contract_half(i32 %v) "expect"="" {
  %h = call i32 @half(i32 %v)
  ret i32 %h
}
define i32 @double(i32 %v) {
  %d = shl i32 %v, 1
  ret i32 %d
}
define i32 @contract_double(i32 %v) {
  %d = call i32 @verify_any_word()
  %more = icmp uge i32 %d, %v
  call void @verify_promise(i1 %more)
  ret i32 %d
}
define i32 @entry_contract_double(i32 %v) "expect"="what a contract promises" {
  %d = call i32 @double(i32 %v)
  ret i32 %d
}
; A result that is said exactly is shown, not assumed.
define i32 @same(i32 %v) {
  %w = xor i32 %v, 1
  ret i32 %w
}
define i32 @contract_same(i32 %v) {
  ret i32 %v
}
define i32 @entry_contract_same(i32 %v) "expect"="what a contract promises" {
  %w = call i32 @same(i32 %v)
  ret i32 %w
}
define void @entry_knows_what_is_promised(i32 %v) "expect"="" {
  %h = call i32 @half(i32 %v)
  %less = icmp ule i32 %h, %v
  call void @llvm.assume(i1 %less)
  ret void
}
define void @entry_knows_no_more_than_is_promised() "expect"="assumption of the compiler" {
  %h = call i32 @half(i32 8)
  %four = icmp eq i32 %h, 4
  call void @llvm.assume(i1 %four)
  ret void
}
; An invariant that a contract keeps although it forgets nothing that it reads: shown of the function, known to callers.
define void @count_one() {
  %c = load i32, ptr @counter
  %less = icmp ult i32 %c, 100
  br i1 %less, label %more, label %out
more:
  %d = add i32 %c, 1
  store i32 %d, ptr @counter
  br label %out
out:
  ret void
}
define void @contract_count_one() {
  call void @verify_keep(ptr @name)
  %c = load i32, ptr @counter
  %less = icmp ult i32 %c, 100
  %d = add i32 %c, 1
  %e = select i1 %less, i32 %d, i32 %c
  store i32 %e, ptr @counter
  ret void
}
define void @entry_contract_count_one() "expect"="" {
  call void @count_one()
  ret void
}
define void @count_on() {
  %c = load i32, ptr @counter
  %d = add i32 %c, 1
  store i32 %d, ptr @counter
  ret void
}
define void @contract_count_on() {
  call void @verify_keep(ptr @name)
  %c = load i32, ptr @counter
  %d = add i32 %c, 1
  store i32 %d, ptr @counter
  ret void
}
define void @entry_contract_count_on() "expect"="invariant_counter_is_small" {
  call void @count_on()
  ret void
}
; A contract that forgets numbers but says how they change.
define i1 @relation_numbers_only_grow(i32 %i) {
  %in = icmp ult i32 %i, 8
  br i1 %in, label %look, label %out
look:
  %w = zext i32 %i to i64
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %w
  call void @verify_old_begin()
  %before = load i32, ptr %p
  call void @verify_old_end()
  %after = load i32, ptr %p
  %r = icmp ule i32 %before, %after
  ret i1 %r
out:
  ret i1 true
}
define void @raise_number(i64 %i) {
  %small = and i64 %i, 7
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %small
  %c = load i32, ptr @counter
  store i32 %c, ptr %p
  ret void
}
define void @contract_raise_number(i64 %i) {
  call void @verify_forget(ptr @numbers, i64 32)
  call void @verify_obey(ptr @growing)
  ret void
}
define void @entry_contract_raise_number(i64 %i) "expect"="" {
  call void @raise_number(i64 %i)
  ret void
}
define void @lower_number(i64 %i) {
  %small = and i64 %i, 7
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %small
  store i32 0, ptr %p
  ret void
}
define void @contract_lower_number(i64 %i) {
  call void @verify_forget(ptr @numbers, i64 32)
  call void @verify_obey(ptr @growing)
  ret void
}
define void @entry_contract_lower_number(i64 %i) "expect"="relation_numbers_only_grow" {
  call void @lower_number(i64 %i)
  ret void
}
define void @entry_knows_how_numbers_change(i64 %i, i64 %j) "expect"="" {
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 3
  %before = load i32, ptr %p
  call void @raise_number(i64 %i)
  call void @raise_number(i64 %j)
  %after = load i32, ptr %p
  %more = icmp ule i32 %before, %after
  call void @llvm.assume(i1 %more)
  ret void
}
define void @entry_knows_no_more_of_how(i64 %i) "expect"="assumption of the compiler" {
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 3
  %before = load i32, ptr %p
  call void @raise_number(i64 %i)
  %after = load i32, ptr %p
  %same = icmp eq i32 %before, %after
  call void @llvm.assume(i1 %same)
  ret void
}
; A contract that stores what may be anything.
define void @store_seven() {
  store i32 7, ptr @total
  ret void
}
define void @contract_store_seven() {
  %any = call i32 @verify_any_word()
  store i32 %any, ptr @total
  ret void
}
define void @entry_contract_store_seven() "expect"="" {
  call void @store_seven()
  ret void
}
define void @entry_does_not_know_seven() "expect"="assumption of the compiler" {
  call void @store_seven()
  %t = load i32, ptr @total
  %seven = icmp eq i32 %t, 7
  call void @llvm.assume(i1 %seven)
  ret void
}
; One that keeps all, and one that says so and does not.
define void @count_more() {
  %c = load i32, ptr @counter
  %d = add i32 %c, 1
  store i32 %d, ptr @counter
  ret void
}
define void @contract_count_more() {
  call void @verify_keep_all()
  %c = load i32, ptr @counter
  %d = add i32 %c, 1
  store i32 %d, ptr @counter
  ret void
}
define void @entry_contract_count_more() "expect"="invariant_counter_is_small" {
  call void @count_more()
  ret void
}
define void @entry_all_kept_after_the_call() "expect"="" {
  call void @count_more()
  ret void
}
define void @entry_all_needed_at_the_call(i32 %v) "expect"="invariant_counter_is_small" {
  store i32 %v, ptr @counter
  call void @count_more()
  ret void
}
; One whose ways callers see each by itself.
define void @set_either(i1 %c) {
  br i1 %c, label %yes, label %no
yes:
  store i32 0, ptr @numbers
  ret void
no:
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 1
  store i32 0, ptr %p
  ret void
}
define void @contract_set_either(i1 %c) {
  call void @verify_part()
  br i1 %c, label %yes, label %no
yes:
  store i32 0, ptr @numbers
  ret void
no:
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 1
  store i32 0, ptr %p
  ret void
}
define void @entry_contract_set_either(i1 %c) "expect"="" {
  call void @set_either(i1 %c)
  ret void
}
define void @entry_parts_where_the_contract_does(i1 %c) "expect"="" {
  call void @set_either(i1 %c)
  ret void
}
; One whose result is looked at on each way by itself.
define i32 @small_or_smaller(i1 %c) {
  br i1 %c, label %yes, label %no
yes:
  br label %end
no:
  br label %end
end:
  %v = phi i32 [7, %yes], [5, %no]
  ret i32 %v
}
define i32 @contract_small_or_smaller(i1 %c) {
  call void @verify_return_apart()
  %v = call i32 @verify_any_word()
  %small = icmp ult i32 %v, 8
  call void @verify_promise(i1 %small)
  ret i32 %v
}
define i32 @entry_contract_small_or_smaller(i1 %c) "expect"="" {
  %v = call i32 @small_or_smaller(i1 %c)
  ret i32 %v
}
; What endings have in common may not suffice, and then each is asked about.
define void @entry_parts_at_the_end(i32 %v, i1 %c) "expect"="" {
  %t = load i32, ptr @total
  %more = icmp uge i32 %v, %t
  br i1 %c, label %left, label %right
left:
  call void @verify_assume(i1 %more)
  store i32 %v, ptr @total
  ret void
right:
  call void @verify_assume(i1 %more)
  store i32 %v, ptr @total
  ret void
}
; The compiler's traps, by kind.
define void @entry_add_overflows(i32 %a, i32 %b) "expect"="undefined behaviour: signed addition overflows" {
  %r = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 0)
  unreachable
good:
  ret void
}
define void @entry_add_of_small(i32 %a, i32 %b) "expect"="" {
  %s = icmp ult i32 %a, 1048576
  call void @verify_assume(i1 %s)
  %t = icmp ult i32 %b, 1048576
  call void @verify_assume(i1 %t)
  %r = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 0)
  unreachable
good:
  ret void
}
define void @entry_subtract_overflows(i32 %a, i32 %b) "expect"="undefined behaviour: signed subtraction overflows" {
  %r = call { i32, i1 } @llvm.ssub.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 21)
  unreachable
good:
  ret void
}
define void @entry_subtract_of_small(i32 %a, i32 %b) "expect"="" {
  %s = icmp ult i32 %a, 1048576
  call void @verify_assume(i1 %s)
  %t = icmp ult i32 %b, 1048576
  call void @verify_assume(i1 %t)
  %r = call { i32, i1 } @llvm.ssub.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 21)
  unreachable
good:
  ret void
}
define void @entry_multiply_overflows(i32 %a, i32 %b) "expect"="undefined behaviour: signed multiplication overflows" {
  %s = icmp ult i32 %a, 1048576
  call void @verify_assume(i1 %s)
  %t = icmp ult i32 %b, 1048576
  call void @verify_assume(i1 %t)
  %r = call { i32, i1 } @llvm.smul.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 12)
  unreachable
good:
  ret void
}
define void @entry_multiply_of_small(i32 %a, i32 %b) "expect"="" {
  %s = icmp ult i32 %a, 32768
  call void @verify_assume(i1 %s)
  %t = icmp ult i32 %b, 32768
  call void @verify_assume(i1 %t)
  %r = call { i32, i1 } @llvm.smul.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 12)
  unreachable
good:
  ret void
}
define void @entry_add_of_negative(i32 %a, i32 %b) "expect"="undefined behaviour: signed addition overflows" {
  %s = icmp slt i32 %a, 0
  call void @verify_assume(i1 %s)
  %r = call { i32, i1 } @llvm.sadd.with.overflow.i32(i32 %a, i32 %b)
  %o = extractvalue { i32, i1 } %r, 1
  br i1 %o, label %bad, label %good
bad:
  call void @llvm.ubsantrap(i8 0)
  unreachable
good:
  ret void
}
define void @entry_shift_checked(i32 %a, i32 %b) "expect"="undefined behaviour: shift by too much" {
  %s = icmp ult i32 %b, 32
  br i1 %s, label %good, label %bad
bad:
  call void @llvm.ubsantrap(i8 20)
  unreachable
good:
  %x = shl i32 %a, %b
  ret void
}
define void @entry_choice_checked(i32 %a) "expect"="undefined behaviour: what cannot be reached is reached" {
  switch i32 %a, label %bad [ i32 0, label %good
                              i32 1, label %good ]
bad:
  call void @llvm.ubsantrap(i8 1)
  unreachable
good:
  ret void
}
; A trap behind a call that does not return is that call's: the assertion is what is broken, and somebody else's question when only traps are.
define void @entry_trap_behind_an_assertion(i32 %a, i32 %b) "expect"="assertion" {
  %s = icmp ult i32 %b, 32
  br i1 %s, label %good, label %bad
bad:
  call void @assertion_failed()
  call void @llvm.ubsantrap(i8 1)
  unreachable
good:
  ret void
}

; ---- a contract that writes to every place of which something is true ----

; numbers[i] = counter, for every i < n
define void @fill_below(i64 %n) {
entry:
  %c = load i32, ptr @counter
  br label %head
head:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp ult i64 %i, %n
  br i1 %more, label %body, label %out
body:
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  store i32 %c, ptr %p
  %next = add i64 %i, 1
  br label %head
out:
  ret void
}
define void @contract_fill_below(i64 %n) {
  %few = icmp ule i64 %n, 8
  call void @verify_expect(i1 %few)
  %each = call i64 @verify_each()
  %below = icmp ult i64 %each, %n
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %each
  %c = load i32, ptr @counter
  %w = zext i32 %c to i64
  call void @verify_write_where(i1 %below, i64 %each, ptr %p, i64 %w)
  ret void
}
define void @entry_contract_fill_below(i64 %n) "expect"="" {
  call void @fill_below(i64 %n)
  ret void
}
; It says that one more is written than is.
define void @fill_fewer(i64 %n) {
  call void @fill_below(i64 %n)
  ret void
}
define void @contract_fill_fewer(i64 %n) {
  %few = icmp ult i64 %n, 8
  call void @verify_expect(i1 %few)
  %each = call i64 @verify_each()
  %below = icmp ule i64 %each, %n
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %each
  %c = load i32, ptr @counter
  %w = zext i32 %c to i64
  call void @verify_write_where(i1 %below, i64 %each, ptr %p, i64 %w)
  ret void
}
define void @entry_contract_fill_fewer(i64 %n) "expect"="as the contract says: numbers[]" {
  call void @fill_fewer(i64 %n)
  ret void
}
; It says so of places that there are not.
define void @fill_none() {
  ret void
}
define void @contract_fill_none() {
  %each = call i64 @verify_each()
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %each
  call void @verify_write_where(i1 true, i64 %each, ptr %p, i64 0)
  ret void
}
define void @entry_contract_fill_none() "expect"="index out of bounds" {
  call void @fill_none()
  ret void
}
define void @entry_knows_every_place(i64 %i, i64 %n) "expect"="" {
  %few = icmp ule i64 %n, 8
  call void @verify_assume(i1 %few)
  %in = icmp ult i64 %i, %n
  call void @verify_assume(i1 %in)
  call void @fill_below(i64 %n)
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  %v = load i32, ptr %p
  %c = load i32, ptr @counter
  %same = icmp eq i32 %v, %c
  call void @llvm.assume(i1 %same)
  ret void
}
define void @entry_knows_nothing_of_others(i64 %i, i64 %n) "expect"="assumption of the compiler" {
  %few = icmp ule i64 %n, 8
  call void @verify_assume(i1 %few)
  %in = icmp ult i64 %i, 8
  call void @verify_assume(i1 %in)
  call void @fill_below(i64 %n)
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  %v = load i32, ptr %p
  %c = load i32, ptr @counter
  %same = icmp eq i32 %v, %c
  call void @llvm.assume(i1 %same)
  ret void
}
define void @entry_others_stay(i64 %i, i64 %n) "expect"="" {
  %few = icmp ult i64 %n, %i
  call void @verify_assume(i1 %few)
  %in = icmp ult i64 %i, 8
  call void @verify_assume(i1 %in)
  %p = getelementptr [8 x i32], ptr @numbers, i64 0, i64 %i
  %before = load i32, ptr %p
  call void @fill_below(i64 %n)
  %after = load i32, ptr %p
  %same = icmp eq i32 %before, %after
  call void @llvm.assume(i1 %same)
  ret void
}

; ---- what stands for the port's assembly, and the ways out of the kernel ----

define i64 @machine_read_root() {
  %at = call ptr @verify_root()
  %r = load i64, ptr %at
  ret i64 %r
}
define void @machine_write_root(i64 %root) {
  %at = call ptr @verify_root()
  store i64 %root, ptr %at
  ret void
}
; Whose root it is stands in the thread's first word.
define void @machine_leave_to_trap(ptr %thread) {
  call void @verify_access(ptr %thread)
  %at = call ptr @verify_root()
  %loaded = load i64, ptr %at
  %own = load i64, ptr %thread
  %same = icmp eq i64 %loaded, %own
  call void @verify_demand(ptr @translations, i1 %same)
  call void @verify_leave()
  unreachable
}
define ptr @thread_in(i32 %f) {
  %n = load i32, ptr @frame_count
  %few = icmp ule i32 %n, 16777216
  call void @verify_assume(i1 %few)
  %in = icmp ult i32 %f, %n
  call void @verify_assume(i1 %in)
  %w = zext i32 %f to i64
  %p = getelementptr [0 x %FrameInfo], ptr @frames, i64 0, i64 %w, i32 0
  %type = load i32, ptr %p
  %is = icmp eq i32 %type, 7
  call void @verify_assume(i1 %is)
  %t = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w
  ret ptr %t
}
define void @entry_left_with_its_root(i32 %f) "expect"="" {
  %t = call ptr @thread_in(i32 %f)
  %root = load i64, ptr %t
  call void asm sideeffect "mov $0, %cr3", "r"(i64 %root)
  call void @leave_to_trap(ptr %t)
  unreachable
}
define void @entry_left_with_its_root_as_it_was(i32 %f) "expect"="" {
  %t = call ptr @thread_in(i32 %f)
  %root = load i64, ptr %t
  %loaded = call i64 asm sideeffect "mov %cr3, $0", "=r"()
  %same = icmp eq i64 %loaded, %root
  br i1 %same, label %leave, label %load
load:
  call void asm sideeffect "mov $0, %cr3", "r"(i64 %root)
  br label %leave
leave:
  call void @leave_to_trap(ptr %t)
  unreachable
}
define void @entry_left_with_some_root(i32 %f) "expect"="translations" {
  %t = call ptr @thread_in(i32 %f)
  call void @leave_to_trap(ptr %t)
  unreachable
}
define void @entry_left_with_the_root_of_another(i32 %f, i32 %g) "expect"="translations" {
  %t = call ptr @thread_in(i32 %f)
  %u = call ptr @thread_in(i32 %g)
  %root = load i64, ptr %u
  call void asm sideeffect "mov $0, %cr3", "r"(i64 %root)
  call void @leave_to_trap(ptr %t)
  unreachable
}
define void @entry_left_to_what_is_no_thread(i32 %f) "expect"="view of a frame of another type" {
  %small = and i32 %f, 16777215
  %w = zext i32 %small to i64
  %t = getelementptr [0 x %Thread], ptr @threads, i64 0, i64 %w
  call void @leave_to_trap(ptr %t)
  unreachable
}
