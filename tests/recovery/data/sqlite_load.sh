#!/bin/sh
# In the guest: commits as many transactions as the argument says, one after another, in /disk/base. One is five lines, and one of ten accounts gives to another. What follows a commit in the input is run when it has been answered.
n=$(sqlite3 /disk/base 'select ifnull(max(n), 0) from line' 2>/dev/null) || n=0
{
  echo '.bail on
    pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 40;
    create table if not exists line (n integer, i integer, text text, primary key (n, i));
    create table if not exists account (id integer primary key, sum integer);
    insert or ignore into account (id, sum) values (0, 100), (1, 100), (2, 100), (3, 100), (4, 100), (5, 100), (6, 100), (7, 100), (8, 100), (9, 100);'
  last=$((n + $1))
  while [ $n -lt $last ]; do
    n=$((n + 1))
    echo 'begin;'
    for i in 1 2 3 4 5; do echo "insert into line values ($n, $i, printf('%0900d', $n * 7 + $i));"; done
    echo "update account set sum = sum - $n where id = $n % 10; update account set sum = sum + $n where id = ($n + 3) % 10; commit;"
    echo ".shell echo committed $n"
  done
} | sqlite3 /disk/base 2>&1
