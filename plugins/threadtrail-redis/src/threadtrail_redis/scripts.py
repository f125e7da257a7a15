"""Lua scripts that Redis runs in one step for collectors. They do nothing for a former owner of a stream.

The owner of a stream is in the hash of owners, under the number of the stream, by a text that is used once.
It stays there when the lease has run out: until another collector takes the stream, it has the same owner.

All of them run when the memory is full (``allow-oom``, from Redis 7 on): collecting is what makes room.
"""

from __future__ import annotations

GROUP = "collectors"
CONSUMER = "owner"
"""The one consumer of all streams: the owner of a stream has the entries that are not acknowledged."""

NOT_OWNER = -1
"""The result of fenced scripts for a collector that does not own the stream."""

MEET = """#!lua flags=allow-oom
-- Says that a collector is there, and forgets those that are not. Returns the names of all that are.
-- One that claims to be there for far longer than leases last wrote so before the clock was set back.
-- KEYS: the collectors. ARGV: name, seconds.
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 10 * ARGV[2], '+inf')
return redis.call('ZRANGE', KEYS[1], 0, -1)
"""

TAKE = """#!lua flags=allow-oom
-- Takes a stream that nobody holds a lease of. Returns 1 if it did.
-- A lease that would last far longer than leases do is from before the clock was set back.
-- KEYS: lease, owners, stream. ARGV: number of the stream, owner, milliseconds, group.
if redis.call('PTTL', KEYS[1]) > 10 * ARGV[3] then redis.call('DEL', KEYS[1]) end
if redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3]) == false then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.pcall('XGROUP', 'CREATE', KEYS[3], ARGV[4], '0', 'MKSTREAM')
return 1
"""

RENEW = """#!lua flags=allow-oom
-- KEYS: lease, owners. ARGV: number of the stream, owner, milliseconds.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return -1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""

RELEASE = """#!lua flags=allow-oom
-- KEYS: lease. ARGV: owner.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""

READ = """#!lua flags=allow-oom
-- Returns entries and how often each was attempted before.
-- KEYS: owners, stream, attempts. ARGV: number of the stream, owner, group, consumer, count, from where.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
local read = redis.call(
  'XREADGROUP', 'GROUP', ARGV[3], ARGV[4], 'COUNT', ARGV[5], 'STREAMS', KEYS[2], ARGV[6])
local found = {}
if not read then return found end
for _, entry in ipairs(read[1][2]) do
  local attempts = ARGV[6] ~= '>' and redis.call('HGET', KEYS[3], entry[1]) or 0
  found[#found + 1] = {entry[1], entry[2] and entry[2][2] or '', tonumber(attempts) or 0}
end
return found
"""

ATTEMPT = """#!lua flags=allow-oom
-- KEYS: owners, attempts. ARGV: number of the stream, owner, how many more, then the ids.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
for i = 4, #ARGV do
  if redis.call('HINCRBY', KEYS[2], ARGV[i], ARGV[3]) <= 0 then redis.call('HDEL', KEYS[2], ARGV[i]) end
end
return 1
"""

ACKNOWLEDGE = """#!lua flags=allow-oom
-- KEYS: owners, stream, attempts. ARGV: number of the stream, owner, group, then the ids.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
for i = 4, #ARGV do
  redis.call('XACK', KEYS[2], ARGV[3], ARGV[i])
  redis.call('XDEL', KEYS[2], ARGV[i])
  redis.call('HDEL', KEYS[3], ARGV[i])
end
return 1
"""

GIVE_UP = """#!lua flags=allow-oom
-- KEYS: owners, stream, attempts, dead letters, their count.
-- ARGV: number of the stream, owner, group, id, event, reason, how many dead letters are kept.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
local entry = ARGV[1] .. '/' .. ARGV[4]
redis.call(
  'XADD', KEYS[4], 'MAXLEN', '~', ARGV[7], '*', 'event', ARGV[5], 'reason', ARGV[6], 'entry', entry)
redis.call('INCR', KEYS[5])
redis.call('XACK', KEYS[2], ARGV[3], ARGV[4])
redis.call('XDEL', KEYS[2], ARGV[4])
redis.call('HDEL', KEYS[3], ARGV[4])
return 1
"""

MOVE = """#!lua flags=allow-oom
-- Acknowledges entries of several streams, and appends events to one stream; all of it, or nothing.
-- KEYS: owners, the stream to append to, then each stream with its attempts.
-- ARGV: group, field, how many streams; of each its number, owner, how many ids, the ids; then the events.
local next, sources = 4, {}
for i = 1, tonumber(ARGV[3]) do
  if redis.call('HGET', KEYS[1], ARGV[next]) ~= ARGV[next + 1] then return -1 end
  sources[i] = {next + 3, next + 2 + ARGV[next + 2]}
  next = next + 3 + ARGV[next + 2]
end
for i = next, #ARGV do redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[i]) end
for i, source in ipairs(sources) do
  for at = source[1], source[2] do
    redis.call('XACK', KEYS[2 * i + 1], ARGV[1], ARGV[at])
    redis.call('XDEL', KEYS[2 * i + 1], ARGV[at])
    redis.call('HDEL', KEYS[2 * i + 2], ARGV[at])
  end
end
return 1
"""

PUT = """#!lua flags=allow-oom
-- KEYS: any. ARGV: seconds, then the text of each key.
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 1], 'EX', ARGV[1]) end
return 1
"""
