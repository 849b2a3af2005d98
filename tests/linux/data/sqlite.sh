#!/bin/sh
# What a test has SQLite's shell do, here and on Linux: transactions with a write-ahead log, indices, and what is wrong.
sqlite3 a.db "pragma journal_mode=wal; create table t(a integer primary key, b text); begin; with recursive n(i) as (select 1 union all select i+1 from n where i<2000) insert into t select i, hex(i*i) from n; commit; create index b on t(b);"
sqlite3 a.db "select count(*), sum(a), max(b) from t; pragma integrity_check; pragma wal_checkpoint(truncate);"
sqlite3 a.db "begin; delete from t; rollback; select count(*) from t; insert into t values(1,'twice');"
echo "status $?"
ls
