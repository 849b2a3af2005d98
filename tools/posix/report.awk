# The scoreboard of tools/posix/report: tests, verdicts on Linux, verdicts here; `form` is page or json, `reasons` the file of known reasons.

function group_of(test) {
  if (test ~ /^(aio_|lio_)/) return "asynchronous I/O"
  if (test ~ /^mq_/) return "message queues"
  if (test ~ /^sem_/) return "semaphores"
  if (test ~ /^(sig|raise|kill|pthread_kill|pthread_sigmask)/) return "signals"
  if (test ~ /^pthread_/) return "threads"
  if (test ~ /^sched_/) return "scheduling"
  if (test ~ /^(m.*lock|m.*map|shm_)/) return "memory"
  if (test ~ /^(time|clock|nanosleep)/) return "timers and clocks"
  return "the rest"
}

function word_of(verdict) {
  if (verdict in words) return words[verdict]
  if (verdict ~ /^signal-/) return "crash (" verdict ")"
  if (verdict == "") return "not run"
  return verdict ~ /^[0-9]+$/ ? "status " verdict : verdict
}

function reason_of(test,    index_) {
  for (index_ = 1; index_ <= patterns; index_++)
    if (test ~ pattern[index_]) return reason[index_]
  return ""
}

function cleaned(text) {
  gsub(/\|/, "/", text)
  gsub(/^ +| +$|^\[[0-9:]+\]/, "", text)
  gsub(/Test [^ ]*\/interfaces\//, "", text)
  return substr(text, 1, 110)
}

BEGIN {
  words[0] = "PASS"; words[1] = "FAIL"; words[2] = "UNRESOLVED"; words[4] = "UNSUPPORTED"; words[5] = "UNTESTED"
  words["time-out"] = "time-out"; words["environment"] = "the environment stops"
  while ((getline line < reasons) > 0) {
    if (line ~ /^#/ || line == "") continue
    patterns++
    pattern[patterns] = "^(" substr(line, 1, index(line, " ") - 1) ")$"
    reason[patterns] = substr(line, index(line, " ") + 1)
  }
}

here == "" { tests[++count] = $1; next }
{
  verdict[here, $1] = $2
  if ($2 != "") ran[here]++
  place = index($0, "|")
  last[here, $1] = substr($0, place + 2)
}

END {
  for (i = 1; i <= count; i++) {
    test = tests[i]
    group = group_of(test)
    if (!(group in size)) order[++groups] = group
    size[group]++
    ours = verdict["pith", test]
    theirs = verdict["linux", test]
    total[word_of(ours)]++
    linux_total[word_of(theirs)]++
    by_group[group, word_of(ours) ~ /^crash/ ? "crash" : word_of(ours)]++
    if (ours == "0") passed++
    if (theirs == "0") {
      linux_passed++
      linux_in[group]++
      if (ours == "0") both++; else { lost[++losts] = test; lost_in[group]++ }
    } else if (ours != "0") {
      neither[++neithers] = test
    } else if (ran["linux"]) {
      won++
    }
  }
  if (form == "json") {
    printf "{\"tests\": %d, \"passed\": %d, \"linux_passed\": %s, \"passed_of_linux\": %s, \"verdicts\": {", count, passed, ran["linux"] ? linux_passed : "null", ran["linux"] ? both + 0 : "null"
    for (i = 1; i <= count; i++)
      printf "%s\"%s\": [\"%s\", %s]", (i > 1 ? ", " : ""), tests[i], word_of(verdict["pith", tests[i]]), ran["linux"] ? "\"" word_of(verdict["linux", tests[i]]) "\"" : "null"
    print "}}"
    exit
  }
  print "# posixtestsuite: the scoreboard"
  print ""
  printf "The %d programs of Debian's `posixtestsuite` that build with musl, static, run one after the other in the Linux environment", count
  print (ran["linux"] ? " and, the same files, on Debian's cloud kernel in the same emulated machine" : "") ". Written on " date " by `./pith test posix`."
  print "A program has 20 s of the machine's time. Verdicts are the programs' own; time-out and crash are the runner's."
  print ""
  if (ran["linux"])
    printf "**%d of the %d programs that pass on Linux pass here: %.1f %%.** In all %d pass here, %d on Linux; %d pass here and not there.\n\n", both, linux_passed, 100 * both / linux_passed, passed, linux_passed, won
  else
    printf "**%d of %d pass.** Not compared with Linux.\n\n", passed, count
  print "| functions | programs | passed on Linux | passed | of those that pass on Linux not | failed | unresolved | unsupported | untested | time-out | crash |"
  print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
  for (i = 1; i <= groups; i++) {
    g = order[i]
    printf "| %s | %d | %s | %d | %s | %d | %d | %d | %d | %d | %d |\n", g, size[g], ran["linux"] ? linux_in[g] + 0 : "", by_group[g, "PASS"], ran["linux"] ? lost_in[g] + 0 : "", by_group[g, "FAIL"], by_group[g, "UNRESOLVED"], by_group[g, "UNSUPPORTED"], by_group[g, "UNTESTED"], by_group[g, "time-out"], by_group[g, "crash"]
  }
  if (losts) {
    print "\n## What passes on Linux and not here\n"
    print "| program | verdict | reason, or the program's last line |"
    print "|---|---|---|"
    for (i = 1; i <= losts; i++) {
      test = lost[i]
      why = reason_of(test)
      printf "| %s | %s | %s |\n", test, word_of(verdict["pith", test]), why != "" ? why : "not known; \"" cleaned(last["pith", test]) "\""
    }
  }
  print "\n## What passes on neither" (ran["linux"] ? "" : " (or was not compared)") "\n"
  print "UNSUPPORTED and UNTESTED programs look for something that musl does not say it has, or are empty: they are in the table only.\n"
  print "| program | here | on Linux | the program's last line here |"
  print "|---|---|---|---|"
  for (i = 1; i <= neithers; i++) {
    test = neither[i]
    ours = verdict["pith", test]
    if (ours == "4" || ours == "5") continue
    printf "| %s | %s | %s | %s |\n", test, word_of(ours), ran["linux"] ? word_of(verdict["linux", test]) : "", cleaned(last["pith", test])
  }
}
