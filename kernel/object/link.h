// Doubly linked lists of objects by frame number, with removal from the middle in constant time.
#pragma once
#include "abi/types.h"

namespace pith {

/// Head and tail of a list; 0: empty.
struct List {
  FrameNumber first, last;
  bool is_empty() const { return first.raw == 0; }
};

/// An object's place in one list; `previous` and `next` 0 at the ends.
struct Link {
  FrameNumber next, previous;
};

/// Appends `frame`, which is in no list through this link. `link(frame)` is its Link.
template <class LinkOf>
void push_back(List& list, FrameNumber frame, LinkOf link) {
  link(frame) = {FrameNumber(), list.last};
  if (list.last.raw != 0)
    link(list.last).next = frame;
  else
    list.first = frame;
  list.last = frame;
}

/// Puts `frame` in front.
template <class LinkOf>
void push_front(List& list, FrameNumber frame, LinkOf link) {
  link(frame) = {list.first, FrameNumber()};
  if (list.first.raw != 0)
    link(list.first).previous = frame;
  else
    list.last = frame;
  list.first = frame;
}

/// Takes `frame`, which is in this list, out of it.
template <class LinkOf>
void remove(List& list, FrameNumber frame, LinkOf link) {
  Link here = link(frame);
  if (here.previous.raw != 0)
    link(here.previous).next = here.next;
  else
    list.first = here.next;
  if (here.next.raw != 0)
    link(here.next).previous = here.previous;
  else
    list.last = here.previous;
  link(frame) = {};
}

}  // namespace pith
