/* Stopping a thread that another CPU runs (kernel/sched/crossing.cpp): a mark, an interruption, and Again. Entry code saves registers into the
   thread before it has the lock, exit code loads them after it has let it go: whoever treats the thread as stopped must be sure of neither. */
/* check: safety */
/* check: ltl stopped */
/* control: safety -DNO_QUESTION */
/* control: safety -DLATE_CURRENT */
/* control: safety -DSTOPPED_BY_ASKING */
/* control: ltl stopped -DNO_INTERRUPTION */
/* control: ltl stopped -DNO_MARK */
#define kCpus 2 /* that run threads; one more stops */
#define kNobody 0
#define kThread 1 /* the one that is stopped */
#define kServer 2 /* another, which it calls */

/* The kernel lock, which lock.pml is about. */
byte owner, drawn;
#define LOCK atomic { ticket = drawn; drawn = (drawn + 1) % 4 }; owner == ticket
#define UNLOCK owner = (owner + 1) % 4

byte current[kCpus];       /* Cpu::current */
bool ready = true;         /* the thread's state: Ready, or waiting in a call */
bool inactive, stopping;   /* its state Inactive; Key::kStopping */
bool interrupted[kCpus];
bool is_stopped;           /* the stopper relies on it */
byte users;                /* CPUs that use the thread's registers at this moment */

/* A CPU touches the thread's memory without the lock. */
#define TOUCH assert(!is_stopped)

inline choose(me) { /* the scheduler: the thread, if it may run here, or somebody else; one that shall stop stops when its turn comes */
  if
#ifndef NO_MARK
  :: ready && !inactive && stopping && current[1 - me] != kThread -> inactive = true; stopping = false; next = kServer
#endif
#ifdef NO_MARK
  :: ready && !inactive && current[1 - me] != kThread -> next = kThread
#else
  :: ready && !inactive && !stopping && current[1 - me] != kThread -> next = kThread
#endif
  :: next = kServer
  fi
}

/* Leaves the kernel for `next`. */
inline leave(me) {
#ifdef LATE_CURRENT /* as the fast path once was: lock first, current second */
  UNLOCK;
  if
  :: next == kThread -> TOUCH
  :: else
  fi;
  current[me] = next;
#else
  current[me] = next;
  UNLOCK;
  if
  :: next == kThread -> TOUCH
  :: else
  fi;
#endif
  if
  :: next == kThread -> atomic { users++; assert(users == 1) }
  :: else
  fi
}

inline enter(me) { /* registers go into the thread before the lock is asked for */
  if
  :: current[me] == kThread -> TOUCH; users--
  :: else
  fi;
  LOCK
}

proctype cpu(byte me) {
  byte next, ticket;
  do
  :: interrupted[me] ->
    interrupted[me] = false;
    enter(me);
    if
#ifndef NO_MARK
    :: current[me] == kThread && stopping -> inactive = true; stopping = false
#endif
    :: else
    fi;
    if
    :: current[me] == kThread && !inactive && ready -> next = kThread /* goes on */
    :: else -> choose(me)
    fi;
    leave(me)
  :: !interrupted[me] && current[me] == kThread -> skip /* computes, perhaps for ever */
  :: !interrupted[me] && current[me] == kThread -> /* a call */
    enter(me);
    ready = false;
    next = kServer;
    leave(me)
  :: !interrupted[me] && current[me] == kServer -> /* a reply, or the end of a turn */
    enter(me);
    if
    :: !inactive && !ready -> ready = true
    :: true
    fi;
    choose(me);
    leave(me)
  od
}

active proctype stopper() {
  byte other, ticket;
  bool elsewhere;
  atomic {
    current[0] = kThread;
    users = 1;
    current[1] = kServer;
    run cpu(0);
    run cpu(1)
  }
  do
  :: LOCK;
    elsewhere = current[0] == kThread || current[1] == kThread;
    other = (current[0] == kThread -> 0 : 1);
#ifdef NO_QUESTION
    elsewhere = false;
#endif
    if
    :: elsewhere ->
      stopping = true;
#ifndef NO_INTERRUPTION
      interrupted[other] = true;
#endif
#ifdef STOPPED_BY_ASKING
      inactive = true;
      is_stopped = true;
#endif
      UNLOCK
    :: else ->
      inactive = true;
      is_stopped = true; /* reads its registers, frees its frame */
      UNLOCK;
      break
    fi
  od
}

/* Stopping comes to an end. */
ltl stopped { <> is_stopped }
