/* Helping across CPUs (kernel/sched/parking.cpp, scheduler.cpp): a client calls a server, which may call another one. Each has time of its own, bound
   to a CPU; a CPU runs the thread at the end of the chain of calls that begins at the thread of its time, unless that waits or another CPU runs
   it: then the time is parked there. No time is lost, and no thread runs twice. One step here is one kernel entry: lock.pml is about the lock. */
/* check: safety */
/* control: safety -DNO_QUESTION */
/* control: safety -DNO_AWAITED */
/* control: safety -DNO_INTERRUPTION */
/* control: safety -DNO_CUT */
/* control: safety -DNO_ANSWER */
/* control: safety -DNO_MORE */
#ifdef THREE_CPUS
#define kCpus 3
#define bound(k) ((k + 1) % 3) /* the CPU that time is bound to */
#else
#define kCpus 2
#define bound(k) (k == 1)
#endif
#define kThreads 3 /* client, server, inner server: thread t calls thread t + 1; time k is that of thread k */
#define kNone 3
mtype = { Ready, Receiving, Waiting, Calling, Called };
mtype state[kThreads] = Waiting;
byte home[kThreads];     /* Key::kCpuMask: the CPU that runs it or did last */
bool awaited[kThreads];  /* Key::kAwaited */
#define kQueued 4
#define kOut 5           /* used up, or being replenished */
byte place[kThreads] = kQueued; /* of each time: the thread that it is parked on, or one of these */
bool due[kThreads];      /* parked before the last occasion to look again at its place */
byte listed[kThreads];   /* whose list the thread is in: number and 1 */
bool hops[kThreads];     /* the looking goes on down the chain */
byte current[kCpus] = kNone, context[kCpus] = kNone;
bool reschedule[kCpus], interrupted[kCpus], timer[kCpus];
byte me, t, i, k, end, before, first, count;
bool more, was_blocked, slow;

#define calls(t) (t < 2 && (state[t] == Calling || state[t] == Called))
#define has_client(t) (t > 0 && state[t - 1] == Called)
#define runs_elsewhere(t, cpu) (home[t] != cpu && current[home[t]] == t)

inline reschedule_on(cpu) {
  reschedule[cpu] = true;
#ifndef NO_INTERRUPTION
  if
  :: cpu != me -> interrupted[cpu] = true
  :: else
  fi
#endif
}

inline enqueue(time) {
  if
  :: place[time] != kQueued && place[time] != kOut ->
    place[time] = kQueued;
    due[time] = false;
    if
    :: reschedule_on(bound(time))
    :: context[bound(time)] != kNone /* of higher priority */
    fi
  :: else
  fi
}

inline look_again(thread, more_hops) {
  d_step {
  for (i : 0 .. kThreads - 1) {
    if
    :: place[i] == thread -> due[i] = true
    :: else
    fi
  }
  hops[thread] = hops[thread] || more_hops;
  if
  :: listed[thread] == 0 -> listed[thread] = me + 1
  :: else
  fi
  }
}

inline look_below(thread) {
  if
  :: calls(thread) ->
    look_again(thread + 1, true);
    if
    :: current[home[thread + 1]] == thread + 1 -> reschedule_on(home[thread + 1])
    :: else
    fi
  :: else
  fi
}

inline cut_below(thread) {
#ifdef NO_CUT
  skip
#else
  look_below(thread)
#endif
}

/* Any of those parked on t comes back at once, the others later. */
inline recheck(thread) {
  first = kNone;
  count = 0;
  for (i : 0 .. kThreads - 1) {
    if
    :: place[i] == thread ->
      if
      :: first = i
      :: count > 0 -> skip
      fi;
      count++
    :: else
    fi
  }
  if
  :: count > 0 ->
    enqueue(first);
#ifndef NO_MORE
    if
    :: count > 1 -> look_again(thread, false)
    :: else
    fi
#endif
  :: else
  fi
}

inline wake(thread) {
  d_step {
  was_blocked = (state[thread] == Waiting || state[thread] == Calling);
  state[thread] = Ready;
  count = 0;
  for (i : 0 .. kThreads - 1) {
    if
    :: place[i] == thread && i != thread -> count++
    :: else
    fi
  }
  };
  if
  :: !was_blocked && has_client(thread) && count == 0 /* its own time stays parked */
  :: else -> recheck(thread)
  fi
}

inline choose() {
  before = current[me];
  current[me] = kNone;
  context[me] = kNone;
  reschedule[me] = false;
  do
  :: current[me] == kNone && (place[0] == kQueued && bound(0) == me || place[1] == kQueued && bound(1) == me ||
     place[2] == kQueued && bound(2) == me) ->
    if
    :: place[0] == kQueued && bound(0) == me -> k = 0
    :: place[1] == kQueued && bound(1) == me -> k = 1
    :: place[2] == kQueued && bound(2) == me -> k = 2
    fi;
    end = k;
    do
    :: calls(end) -> end++
    :: else -> break
    od;
    if
#ifdef NO_QUESTION
    :: state[end] == Ready ->
#else
    :: state[end] == Ready && !runs_elsewhere(end, me) ->
#endif
      home[end] = me;
      current[me] = end;
      context[me] = k
    :: else ->
      if
      :: state[end] == Ready -> awaited[end] = true
      :: else
      fi;
      place[k] = end;
      due[k] = false
    fi
  :: else -> break
  od;
#ifndef NO_AWAITED
  if
  :: before != kNone && before != current[me] && awaited[before] -> awaited[before] = false; recheck(before)
  :: else
  fi
#endif
}

/* One context comes back from a thread on this CPU's list, or the looking goes on below it. */
inline look_at_next() {
  d_step {
  k = kNone;
  for (i : 0 .. kThreads - 1) {
    if
    :: listed[i] == me + 1 -> k = i
    :: else
    fi
  }
  };
  if
  :: k != kNone ->
    d_step {
    first = kNone;
    for (i : 0 .. kThreads - 1) {
      if
      :: place[i] == k && due[i] -> first = i
      :: else
      fi
    }
    };
    if
    :: first != kNone -> enqueue(first)
    :: else ->
      listed[k] = 0;
      more = hops[k];
      hops[k] = false;
      if
      :: more -> look_below(k)
      :: else
      fi
    fi
  :: else
  fi
}

#define has_rechecks(cpu) (listed[0] == cpu + 1 || listed[1] == cpu + 1 || listed[2] == cpu + 1)

/* The end of an entry. */
inline leave_kernel() {
  look_at_next();
  if
  :: reschedule[me] || current[me] == kNone || state[current[me]] != Ready -> choose()
  :: else
  fi;
  timer[me] = has_rechecks(me) || reschedule[me];
}

inline deliver(thread) { /* the call of thread to thread + 1 */
  state[thread] = Called;
  wake(thread + 1)
}

inline receive(thread) {
  if
  :: state[thread - 1] == Calling -> deliver(thread - 1)
  :: else -> state[thread] = Receiving
  fi
}

inline answer(thread) {
#ifndef NO_ANSWER
  if
  :: awaited[thread] -> recheck(thread)
  :: else
  fi;
#endif
  wake(thread - 1);
  reschedule[me] = true
}

inline check_time(time) {
  assert(place[time] >= kThreads || (due[time] && listed[place[time]] != 0) || hops[0] || hops[1] || hops[2] ||
         (place[time] == time && has_client(time)) ||
         (!calls(place[time]) && (time == place[time] || calls(time)) && (time + 1 >= place[time] || calls(time + 1)) && time <= place[time] &&
          (state[place[time]] != Ready ||
           (home[place[time]] != bound(time) && current[home[place[time]]] == place[time] && awaited[place[time]]))));
  assert(place[time] != kQueued || context[bound(time)] != kNone || interrupted[bound(time)] || timer[bound(time)])
}

inline check_cpu(cpu) {
  assert(current[cpu] == kNone || (state[current[cpu]] == Ready && home[current[cpu]] == cpu));
  assert(!has_rechecks(cpu) || timer[cpu] || interrupted[cpu])
}

inline check() {
  check_time(0);
  check_time(1);
  check_time(2);
  check_cpu(0);
  check_cpu(1);
  assert(current[0] != current[1] || current[0] == kNone);
#ifdef THREE_CPUS
  check_cpu(2);
  assert(current[2] != current[1] || current[2] == kNone);
  assert(current[0] != current[2] || current[0] == kNone)
#endif
}

/* What the running thread t does. */
inline system_call() {
  if
  :: t < 2 && state[t + 1] == Receiving && home[t + 1] == me && !awaited[t] && !awaited[t + 1] -> /* the fast path leaves all else alone */
    state[t + 1] = Ready;
    state[t] = Called;
    current[me] = t + 1;
    slow = false
  :: t < 2 && state[t + 1] == Receiving -> deliver(t)
  :: t < 2 && state[t + 1] != Receiving -> state[t] = Calling
  :: t > 0 && !has_client(t) -> receive(t)
  :: t > 0 && has_client(t) && home[t - 1] == me && !awaited[t] && !awaited[t - 1] && context[me] < t -> /* the fast path again */
    state[t] = Receiving;
    state[t - 1] = Ready;
    current[me] = t - 1;
    slow = false
  :: t > 0 && has_client(t) -> /* an answer, with the next call or waiting, or without */
    answer(t);
    if
    :: true -> receive(t)
    :: true -> enqueue(t)
    fi
  :: state[t] = Waiting
  :: reschedule[me] = true /* the end of a turn */
  :: place[context[me]] = kOut; enqueue(t); reschedule[me] = true /* the time is used up */
  fi
}

/* Something happens to thread t, or to its time. */
inline event() {
  if
  :: state[t] == Waiting -> wake(t)
  :: state[t] == Calling -> cut_below(t); wake(t) /* cancelled */
  :: t < 2 && state[t] == Called -> cut_below(t); state[t] = Waiting /* stopped */
  :: place[t] == kOut && bound(t) == me -> place[t] = t; enqueue(t) /* replenished */
  :: else -> slow = false
  fi
}

init {
  atomic {
    timer[0] = true; timer[1] = true;
#ifdef THREE_CPUS
    timer[2] = true;
#endif
    home[0] = bound(0); home[1] = bound(1); home[2] = bound(2)
  }
  do
  :: atomic {
      slow = true;
      if
      :: me = 0
      :: me = 1
#ifdef THREE_CPUS
      :: me = 2
#endif
      fi;
      if
      :: interrupted[me] -> interrupted[me] = false
      :: timer[me] -> skip
      :: current[me] != kNone -> t = current[me]; system_call()
      :: true ->
        if
        :: t = 0
        :: t = 1
        :: t = 2
        fi;
        event()
      fi;
      if
      :: slow -> leave_kernel()
      :: else
      fi;
      d_step {
      check();
      me = 0; t = 0; k = 0; end = 0; before = 0; first = 0; count = 0; i = 0; more = false; was_blocked = false; slow = false
      }
    }
  od
}
