/* Flush generations (kernel/memory/flush.cpp): a freed frame is not reused while any CPU can still reach it, not even by the hardware's own
   accessed and dirty writes into page tables that it remembers. */
/* check: safety */
/* check: ltl reused */
/* control: safety -DNO_GENERATION */
/* control: safety -DIDLE_REMEMBERS */
/* control: safety -DANSWER_FIRST */
/* control: safety -DONLY_DATA */
/* control: ltl reused -DNO_INTERRUPTION */
#define kUsers 2 /* CPUs that run user code; process 0 is the CPU that takes memory back */

/* The kernel lock, which lock.pml is about. */
byte owner, drawn;
#define LOCK atomic { ticket = drawn; drawn = (drawn + 1) % 4 }; owner == ticket
#define UNLOCK owner = (owner + 1) % 4

/* A table, linked in its parent, whose one entry maps a page. */
bool parent_links = true, entry_maps = true;
bool table_is_old = true, page_is_old = true; /* false: the frame has been given to somebody else */

byte generation = 1;
byte flushed[kUsers + 1];
bool idle[kUsers + 1], interrupted[kUsers + 1];

/* What the hardware of a CPU remembers: the way to the table, the page, and that the page's entry is marked dirty. */
bool knows_table[kUsers + 1], knows_page[kUsers + 1], knows_dirty[kUsers + 1];

inline forget(me) {
  atomic { knows_table[me] = false; knows_page[me] = false; knows_dirty[me] = false }
}

/* The walk and the writes that go with it, each by itself, whenever a user's root is loaded: also ahead of the program, and in the kernel. */
proctype hardware(byte me) {
  do
  :: atomic { parent_links && !idle[me] -> knows_table[me] = true }
  :: atomic { knows_table[me] && !table_is_old -> assert(false) } /* reads and marks entries of somebody else's frame */
  :: atomic { knows_table[me] && entry_maps -> knows_page[me] = true } /* with an accessed write into the table */
  :: atomic { knows_page[me] && knows_table[me] && !knows_dirty[me] -> assert(table_is_old); knows_dirty[me] = true }
  :: atomic { knows_page[me] -> assert(page_is_old) } /* the program's own write */
  od
}

inline flush(me) {
#ifdef ANSWER_FIRST /* says that it has flushed before it does */
  generation++;
  flushed[me] = generation;
  UNLOCK;
  forget(me);
  LOCK;
#else
  forget(me);
  generation++;
  flushed[me] = generation;
#endif
}

proctype user(byte me) {
  byte entries, ticket;
  do
  :: entries < 2 && !idle[me] -> /* a kernel entry of its own: it may go idle */
    entries++;
    LOCK;
    if
    :: true
    :: idle[me] = true;
#ifndef IDLE_REMEMBERS /* loads the kernel's root */
      forget(me);
#endif
    fi;
    UNLOCK
  :: idle[me] && entries < 2 -> /* woken by something */
    entries++;
    LOCK;
    idle[me] = false;
    UNLOCK
  :: interrupted[me] ->
    interrupted[me] = false;
    LOCK;
    idle[me] = false;
    flush(me);
    UNLOCK
  od
}

bool is_safe, is_done;
byte freed, other;

inline is_flushed() {
  if
  :: flushed[0] <= freed -> flush(0)
  :: else
  fi;
  is_safe = true;
  other = 1;
  do
  :: other > kUsers -> break
  :: other <= kUsers && !idle[other] && flushed[other] <= freed ->
#ifndef NO_INTERRUPTION
    interrupted[other] = true;
#endif
    is_safe = false;
    break
  :: else -> other++
  od;
#ifdef NO_GENERATION
  is_safe = true;
#endif
}

active proctype kernel() {
  byte ticket;
  run user(1);
  run user(2);
  run hardware(1);
  run hardware(2);
  LOCK;
  if /* the page alone, or the table with it: unlinked first, emptied last */
  :: entry_maps = false
  :: parent_links = false
  fi;
  freed = generation;
  UNLOCK;
  do
  :: LOCK;
    is_flushed();
    if
    :: is_safe -> break
    :: else -> UNLOCK
    fi
  od;
  page_is_old = false;
#ifdef ONLY_DATA
  /* forgets that the table is remembered too, and takes it without a generation of its own */
  parent_links = false;
  table_is_old = false;
#else
  if
  :: !parent_links -> table_is_old = false
  :: else
  fi;
#endif
  is_done = true;
  UNLOCK
}

/* Taking memory back ends, whether the other CPUs run or idle. */
ltl reused { <> is_done }
