// What must hold of a doubly linked list of objects, said of one member or one list at a time.
#pragma once
#include "kernel/object/link.h"
#include "spec/invariants/predicate.h"

// A family is a struct that describes lists of one kind:
//   struct Place                       names one list; compared with ==
//   list(Place), link(frame)           its head, a member's links
//   is_typed(frame)                    the frame holds an object that can be a member
//   is_member(frame)                   the object says that it is in a list of this family
//   place_of(frame)                    in which
//   is_place(Place)                    the list exists
// These facts exclude no ring of members beside a list: that a list is empty does not say that nobody claims to be in it.
// Where that matters (an object that goes) the kernel counts members.

#define PITH_UNWRAP(...) __VA_ARGS__

/// Of the list's ends. PARAMETERS name the list, PLACE is made of them; both in parentheses.
#define LIST_ENDS(name, Family, PARAMETERS, ARGUMENTS)                                    \
  INVARIANT(name##_first_is_typed, PITH_UNWRAP PARAMETERS) {                              \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber first = Family::list(Family::Place ARGUMENTS).first;                      \
    return first.raw == 0 || Family::is_typed(first);                                     \
  }                                                                                       \
  INVARIANT(name##_first_is_member, PITH_UNWRAP PARAMETERS) {                             \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber first = Family::list(Family::Place ARGUMENTS).first;                      \
    GIVEN(Family::is_typed(first));                                                       \
    return Family::is_member(first);                                                      \
  }                                                                                       \
  INVARIANT(name##_first_is_here, PITH_UNWRAP PARAMETERS) {                               \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber first = Family::list(Family::Place ARGUMENTS).first;                      \
    GIVEN(Family::is_typed(first));                                                       \
    return Family::place_of(first) == Family::Place ARGUMENTS;                            \
  }                                                                                       \
  INVARIANT(name##_first_has_no_previous, PITH_UNWRAP PARAMETERS) {                       \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber first = Family::list(Family::Place ARGUMENTS).first;                      \
    GIVEN(Family::is_typed(first));                                                       \
    return Family::link(first).previous.raw == 0;                                         \
  }                                                                                       \
  INVARIANT(name##_last_is_typed, PITH_UNWRAP PARAMETERS) {                               \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber last = Family::list(Family::Place ARGUMENTS).last;                        \
    return last.raw == 0 || Family::is_typed(last);                                       \
  }                                                                                       \
  INVARIANT(name##_last_is_member, PITH_UNWRAP PARAMETERS) {                              \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber last = Family::list(Family::Place ARGUMENTS).last;                        \
    GIVEN(Family::is_typed(last));                                                        \
    return Family::is_member(last);                                                       \
  }                                                                                       \
  INVARIANT(name##_last_is_here, PITH_UNWRAP PARAMETERS) {                                \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber last = Family::list(Family::Place ARGUMENTS).last;                        \
    GIVEN(Family::is_typed(last));                                                        \
    return Family::place_of(last) == Family::Place ARGUMENTS;                             \
  }                                                                                       \
  INVARIANT(name##_last_has_no_next, PITH_UNWRAP PARAMETERS) {                            \
    FOR_ALL ARGUMENTS;                                                                    \
    FrameNumber last = Family::list(Family::Place ARGUMENTS).last;                        \
    GIVEN(Family::is_typed(last));                                                        \
    return Family::link(last).next.raw == 0;                                              \
  }                                                                                       \
  INVARIANT(name##_has_both_ends_or_none, PITH_UNWRAP PARAMETERS) {                       \
    FOR_ALL ARGUMENTS;                                                                    \
    const List& list = Family::list(Family::Place ARGUMENTS);                             \
    return (list.first.raw == 0) == (list.last.raw == 0);                                 \
  }

/// Of each member, an object of type Member.
#define LIST_MEMBERS(name, Family, Member)                                       \
  INVARIANT(name##_next_is_typed, Of<Member> member) {                           \
    FOR_ALL(member);                                                             \
    GIVEN(Family::is_member(member));                                            \
    FrameNumber next = Family::link(member).next;                                \
    return next.raw == 0 || Family::is_typed(next);                              \
  }                                                                              \
  INVARIANT(name##_next_is_member, Of<Member> member) {                          \
    FOR_ALL(member);                                                             \
    FrameNumber next = Family::link(member).next;                                \
    GIVEN(Family::is_member(member) && Family::is_typed(next));                  \
    return Family::is_member(next);                                              \
  }                                                                              \
  INVARIANT(name##_next_is_in_same_list, Of<Member> member) {                    \
    FOR_ALL(member);                                                             \
    FrameNumber next = Family::link(member).next;                                \
    GIVEN(Family::is_member(member) && Family::is_typed(next));                  \
    return Family::place_of(next) == Family::place_of(member);                   \
  }                                                                              \
  INVARIANT(name##_next_leads_back, Of<Member> member) {                         \
    FOR_ALL(member);                                                             \
    FrameNumber next = Family::link(member).next;                                \
    GIVEN(Family::is_member(member) && Family::is_typed(next));                  \
    return Family::link(next).previous == member;                                \
  }                                                                              \
  INVARIANT(name##_previous_is_typed, Of<Member> member) {                       \
    FOR_ALL(member);                                                             \
    GIVEN(Family::is_member(member));                                            \
    FrameNumber previous = Family::link(member).previous;                        \
    return previous.raw == 0 || Family::is_typed(previous);                      \
  }                                                                              \
  INVARIANT(name##_previous_is_member, Of<Member> member) {                      \
    FOR_ALL(member);                                                             \
    FrameNumber previous = Family::link(member).previous;                        \
    GIVEN(Family::is_member(member) && Family::is_typed(previous));              \
    return Family::is_member(previous);                                          \
  }                                                                              \
  INVARIANT(name##_previous_is_in_same_list, Of<Member> member) {                \
    FOR_ALL(member);                                                             \
    FrameNumber previous = Family::link(member).previous;                        \
    GIVEN(Family::is_member(member) && Family::is_typed(previous));              \
    return Family::place_of(previous) == Family::place_of(member);               \
  }                                                                              \
  INVARIANT(name##_previous_leads_back, Of<Member> member) {                     \
    FOR_ALL(member);                                                             \
    FrameNumber previous = Family::link(member).previous;                        \
    GIVEN(Family::is_member(member) && Family::is_typed(previous));              \
    return Family::link(previous).next == member;                                \
  }                                                                              \
  INVARIANT(name##_without_previous_is_first, Of<Member> member) {               \
    FOR_ALL(member);                                                             \
    GIVEN(Family::is_member(member) && Family::link(member).previous.raw == 0);  \
    GIVEN(Family::is_place(Family::place_of(member)));                           \
    return Family::list(Family::place_of(member)).first == member;               \
  }                                                                              \
  INVARIANT(name##_without_next_is_last, Of<Member> member) {                    \
    FOR_ALL(member);                                                             \
    GIVEN(Family::is_member(member) && Family::link(member).next.raw == 0);      \
    GIVEN(Family::is_place(Family::place_of(member)));                           \
    return Family::list(Family::place_of(member)).last == member;                \
  }
