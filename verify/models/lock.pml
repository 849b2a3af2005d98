/* The kernel lock (kernel/sync/lock.h): tickets are served in order. */
/* check: safety */
/* check: ltl served */
/* control: safety -DTWO_STEPS */
/* control: safety -DANY_TICKET */
/* control: ltl served -DTEST_AND_SET */
#define kCpus 3
#define kTickets 8 /* the counters wrap around; there must be more tickets than CPUs */

byte owner, next;   /* KernelLock::owner_, next_ */
byte inside;        /* CPUs that hold the lock */
byte expected;      /* the ticket that must be served next: counted by whoever gets in, not by the lock */
bool waits[kCpus];  /* has drawn a ticket and is not in yet */
bool taken;

active [kCpus] proctype cpu() {
  byte ticket;
  do
  :: /* user code, for as long as it likes */
    skip;
#ifdef TWO_STEPS /* the fetch and the add are two steps */
    ticket = next;
    next = (ticket + 1) % kTickets;
    waits[_pid] = true;
    owner == ticket;
#else
#ifdef TEST_AND_SET /* no tickets: whoever comes first */
    waits[_pid] = true;
    atomic { !taken -> taken = true };
#else
    atomic { ticket = next; next = (next + 1) % kTickets; waits[_pid] = true };
#ifdef ANY_TICKET /* served out of order */
    atomic { inside == 0 -> inside++ };
    inside--;
#else
    owner == ticket;
#endif
#endif
#endif
    waits[_pid] = false;
    inside++;
    assert(inside == 1);
#ifndef TEST_AND_SET
    assert(ticket == expected);
    expected = (expected + 1) % kTickets;
#endif
    inside--;
#ifdef TEST_AND_SET
    taken = false;
#else
    owner = (owner + 1) % kTickets;
#endif
  od
}

/* Whoever has drawn a ticket gets in (every CPU that can go on does: weak fairness). */
ltl served { [] (waits[0] -> <> !waits[0]) }
