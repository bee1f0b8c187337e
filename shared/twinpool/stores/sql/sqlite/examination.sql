-- journal_mode --
-- Read how the file keeps a crash from harming it
PRAGMA journal_mode;

-- synchronous --
-- Read whether a commit waits for the disk: 2 is FULL
PRAGMA synchronous;
