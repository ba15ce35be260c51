/*
 * disk.so, preloaded into a program under test (LD_PRELOAD): the disk under one directory loses in a
 * power cut what was not flushed, and is slow, full or failing when told so. Calls that concern other
 * files pass through.
 *
 *   EDGERUN_DISK_DIR       the directory (absolute, without links); its own files, no folders in it
 *   EDGERUN_DISK_SHADOW    where to keep what a power cut leaves, on the same file system:
 *                          inodes/N  content as of the last flush of file N
 *                          pins/N    a link to that file, so that its number N is not used again
 *                          names     "N MODE UID GID NAME" lines, as of the last flush of the directory
 *   EDGERUN_DISK_CONTROL   a file of struct control, which a test changes at any time
 *   EDGERUN_DISK_DELAY_MS  without a control file: how much longer each flush takes
 *
 * Content reaches the shadow by fsync and fdatasync of its file only, names by fsync of the
 * directory only. Not seen: writes through mappings, and what one process wrote and another flushes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* What a test sets, then what it reads. A number of failures below 0: all. */
struct control {
    _Atomic int64_t delayMs;      /* longer takes each flush */
    _Atomic int64_t failFlushes;  /* so many fail with EIO, and their data are lost for good */
    _Atomic int64_t failWrites;   /* so many fail with ENOSPC */
    _Atomic int64_t isFull;       /* no file gets more space than it has: ENOSPC */
    _Atomic int64_t flushes;      /* that succeeded */
    _Atomic int64_t failedFlushes;
    _Atomic int64_t writes;
    _Atomic int64_t failedWrites; /* and allocations */
};

static struct control ownControl;
static struct control* control = &ownControl;
static char directory[PATH_MAX];
static char shadow[PATH_MAX];

/* The part of a file that was written since its last flush. */
struct unflushed {
    ino_t inode;
    off_t from;
    off_t to;
};

static pthread_mutex_t unflushedLock = PTHREAD_MUTEX_INITIALIZER;
static struct unflushed unflushed[1024];

#define NEXT(name)                                        \
    static __typeof__(name)* next;                        \
    if (next == NULL) {                                   \
        next = (__typeof__(name)*)dlsym(RTLD_NEXT, #name); \
    }

static void copyVariable(const char* name, char* to) {
    const char* value = getenv(name);
    snprintf(to, PATH_MAX, "%s", value != NULL ? value : "");
}

static void mapControl(const char* path) {
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    void* map = fd == -1 ? MAP_FAILED
                         : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        perror(path);
        abort();
    }
    close(fd);
    control = map;
}

__attribute__((constructor)) static void begin(void) {
    copyVariable("EDGERUN_DISK_DIR", directory);
    copyVariable("EDGERUN_DISK_SHADOW", shadow);
    const char* path = getenv("EDGERUN_DISK_CONTROL");
    const char* delay = getenv("EDGERUN_DISK_DELAY_MS");
    if (path != NULL) {
        mapControl(path);
    } else if (delay != NULL) {
        control->delayMs = strtoll(delay, NULL, 10);
    }
}

/* ------------------------------------------------------------- whose call is it */

enum place { kElsewhere, kFile, kDirectory };

static enum place placeOf(int fd, struct stat* status) {
    if (directory[0] == '\0' || fstat(fd, status) != 0 ||
        !(S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))) {
        return kElsewhere;
    }
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t size = readlink(link, path, sizeof path - 1);
    const size_t prefix = strlen(directory);
    if (size < (ssize_t)prefix || strncmp(path, directory, prefix) != 0) {
        return kElsewhere;
    }
    path[size] = '\0';
    if (path[prefix] == '\0') {
        return kDirectory;
    }
    return path[prefix] == '/' && S_ISREG(status->st_mode) ? kFile : kElsewhere;
}

/* One of so many failures that were asked for. */
static int isToFail(_Atomic int64_t* left) {
    int64_t now = atomic_load(left);
    while (now > 0) {
        if (atomic_compare_exchange_weak(left, &now, now - 1)) {
            return 1;
        }
    }
    return now < 0;
}

/* ---------------------------------------------------------------------- writes */

static struct unflushed* entryOf(ino_t inode) {
    struct unflushed* empty = NULL;
    for (size_t i = 0; i < sizeof unflushed / sizeof unflushed[0]; ++i) {
        if (unflushed[i].inode == inode) {
            return &unflushed[i];
        }
        if (unflushed[i].inode == 0 && empty == NULL) {
            empty = &unflushed[i];
        }
    }
    if (empty == NULL) {
        fputs("disk.so: too many files with data that are not flushed\n", stderr);
        abort();
    }
    return empty;
}

static void noteWrite(ino_t inode, off_t from, off_t to) {
    pthread_mutex_lock(&unflushedLock);
    struct unflushed* entry = entryOf(inode);
    if (entry->inode == 0) {
        *entry = (struct unflushed){inode, from, to};
    }
    entry->from = from < entry->from ? from : entry->from;
    entry->to = to > entry->to ? to : entry->to;
    pthread_mutex_unlock(&unflushedLock);
}

static struct unflushed takeUnflushed(ino_t inode) {
    pthread_mutex_lock(&unflushedLock);
    struct unflushed* entry = entryOf(inode);
    const struct unflushed taken = *entry;
    *entry = (struct unflushed){0, 0, 0};
    pthread_mutex_unlock(&unflushedLock);
    return taken;
}

/* Is this write or allocation refused? */
static int isRefused(const struct stat* status, off_t end) {
    const off_t allocated = (off_t)status->st_blocks * 512;
    const int isBeyond = end > status->st_size && end > allocated;
    const int isRefused = isToFail(&control->failWrites) || (control->isFull && isBeyond);
    if (isRefused) {
        atomic_fetch_add(&control->failedWrites, 1);
        errno = ENOSPC;
    }
    return isRefused;
}

static off_t positionOf(int fd, const struct stat* status) {
    return (fcntl(fd, F_GETFL) & O_APPEND) ? status->st_size : lseek(fd, 0, SEEK_CUR);
}

static size_t sizeOf(const struct iovec* parts, int count) {
    size_t size = 0;
    for (int i = 0; i < count; ++i) {
        size += parts[i].iov_len;
    }
    return size;
}

/* CALL writes at OFFSET, or where the file stands if that is below 0. */
#define WRITE(fd, offset, size, call)                                 \
    struct stat status;                                               \
    if (placeOf(fd, &status) != kFile) {                              \
        return call;                                                  \
    }                                                                 \
    const off_t at = (offset) < 0 ? positionOf(fd, &status) : (offset); \
    if (isRefused(&status, at + (off_t)(size))) {                     \
        return -1;                                                    \
    }                                                                 \
    const ssize_t written = call;                                     \
    if (written > 0) {                                                \
        atomic_fetch_add(&control->writes, 1);                        \
        noteWrite(status.st_ino, at, at + written);                   \
    }                                                                 \
    return written

ssize_t write(int fd, const void* bytes, size_t size) {
    NEXT(write);
    WRITE(fd, -1, size, next(fd, bytes, size));
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
    NEXT(pwrite);
    WRITE(fd, offset, size, next(fd, bytes, size, offset));
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
    NEXT(writev);
    WRITE(fd, -1, sizeOf(parts, count), next(fd, parts, count));
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
    NEXT(pwritev);
    WRITE(fd, offset, sizeOf(parts, count), next(fd, parts, count, offset));
}

int ftruncate(int fd, off_t size) {
    NEXT(ftruncate);
    struct stat status;
    const int isOurs = placeOf(fd, &status) == kFile;
    const int result = next(fd, size);
    if (isOurs && result == 0) {
        noteWrite(status.st_ino, size < status.st_size ? size : status.st_size,
                  size > status.st_size ? size : status.st_size);
    }
    return result;
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
    NEXT(fallocate);
    struct stat status;
    if (placeOf(fd, &status) == kFile && isRefused(&status, offset + size)) {
        return -1;
    }
    return next(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
    NEXT(posix_fallocate);
    struct stat status;
    if (placeOf(fd, &status) == kFile && isRefused(&status, offset + size)) {
        return ENOSPC;
    }
    return next(fd, offset, size);
}

ssize_t pwrite64(int, const void*, size_t, off64_t) __attribute__((alias("pwrite")));
ssize_t pwritev64(int, const struct iovec*, int, off64_t) __attribute__((alias("pwritev")));
int ftruncate64(int, off64_t) __attribute__((alias("ftruncate")));
int fallocate64(int, int, off64_t, off64_t) __attribute__((alias("fallocate")));
int posix_fallocate64(int, off64_t, off64_t) __attribute__((alias("posix_fallocate")));

/* --------------------------------------------------------------------- flushes */

static void shadowPath(char* path, const char* folder, ino_t inode) {
    snprintf(path, PATH_MAX + 64, "%s/%s/%llu", shadow, folder, (unsigned long long)inode);
}

/* One at a time, of all processes: a removal never meets a file that is being kept. */
static int lockShadow(void) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/lock", shadow);
    const int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    fchmod(lock, 0666);
    if (lock == -1 || flock(lock, LOCK_EX) != 0) {
        perror(path);
        abort();
    }
    return lock;
}

static void copyPart(int from, int to, struct unflushed part) {
    NEXT(pwrite);
    static const size_t kPiece = 65536;
    char* bytes = malloc(kPiece);
    while (part.from < part.to) {
        const off_t left = part.to - part.from;
        const ssize_t got =
            pread(from, bytes, left < (off_t)kPiece ? (size_t)left : kPiece, part.from);
        if (got <= 0 || next(to, bytes, (size_t)got, part.from) != got) {
            break;
        }
        part.from += got;
    }
    free(bytes);
}

static void keepContent(int fd, ino_t inode) {
    NEXT(ftruncate);
    char path[PATH_MAX + 64];
    char self[64];
    const int lock = lockShadow();
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    shadowPath(path, "pins", inode);
    const int isPinned =
        linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 || errno == EEXIST;
    shadowPath(path, "inodes", inode);
    /* The descriptor may be for writing only: the file is read by another one. */
    const int from = open(self, O_RDONLY | O_CLOEXEC);
    const int to = isPinned ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
    struct stat status;
    if (to != -1 && from != -1 && fstat(from, &status) == 0) {
        copyPart(from, to, takeUnflushed(inode));
        next(to, status.st_size);
    }
    close(from);
    close(to);
    close(lock);
}

static void keepName(FILE* names, int folder, const char* name) {
    struct stat status;
    char pin[PATH_MAX + 64];
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) {
        return;
    }
    fprintf(names, "%llu %o %u %u %s\n", (unsigned long long)status.st_ino,
            (unsigned)status.st_mode & 07777U, (unsigned)status.st_uid, (unsigned)status.st_gid,
            name);
    /* Mostly there already; and another user's file has been pinned by its owner. */
    shadowPath(pin, "pins", status.st_ino);
    (void)!linkat(folder, name, AT_FDCWD, pin, 0);
}

/* What is neither in the directory nor in the shadow's names is gone for good. */
static void forgetUnnamed(const char* names) {
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/pins", shadow);
    DIR* pins = opendir(path);
    const struct dirent* entry = NULL;
    while (pins != NULL && (entry = readdir(pins)) != NULL) {
        char line[64];
        snprintf(line, sizeof line, "\n%.30s ", entry->d_name);
        if (entry->d_name[0] != '.' && strstr(names, line) == NULL) {
            const ino_t inode = strtoull(entry->d_name, NULL, 10);
            shadowPath(path, "inodes", inode);
            unlink(path);
            shadowPath(path, "pins", inode);
            unlink(path);
        }
    }
    if (pins != NULL) {
        closedir(pins);
    }
}

static void keepNames(void) {
    char fresh[PATH_MAX + 64];
    char path[PATH_MAX + 64];
    char* list = NULL;
    size_t size = 0;
    const int lock = lockShadow();
    FILE* names = open_memstream(&list, &size);
    DIR* folder = opendir(directory);
    const struct dirent* entry = NULL;
    fputc('\n', names);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        keepName(names, dirfd(folder), entry->d_name);
    }
    fclose(names);
    if (folder != NULL) {
        closedir(folder);
    }
    snprintf(fresh, sizeof fresh, "%s/names.new", shadow);
    snprintf(path, sizeof path, "%s/names", shadow);
    FILE* out = fopen(fresh, "we");
    if (out == NULL || fwrite(list, 1, size, out) != size || fchmod(fileno(out), 0666) != 0 ||
        fclose(out) != 0 || rename(fresh, path) != 0) {
        perror(fresh);
        abort();
    }
    forgetUnnamed(list);
    free(list);
    close(lock);
}

static int flush(int fd, int (*next)(int)) {
    struct stat status;
    const enum place place = placeOf(fd, &status);
    if (place == kElsewhere) {
        return next(fd);
    }
    if (control->delayMs > 0) {
        const struct timespec delay = {control->delayMs / 1000, control->delayMs % 1000 * 1000000};
        nanosleep(&delay, NULL);
    }
    if (isToFail(&control->failFlushes)) {
        /* As Linux does it: the pages count as clean now, and another flush succeeds. */
        takeUnflushed(status.st_ino);
        atomic_fetch_add(&control->failedFlushes, 1);
        errno = EIO;
        return -1;
    }
    const int result = next(fd);
    if (result == 0 && shadow[0] != '\0') {
        place == kFile ? keepContent(fd, status.st_ino) : keepNames();
    }
    atomic_fetch_add(&control->flushes, result == 0);
    return result;
}

int fsync(int fd) {
    NEXT(fsync);
    return flush(fd, next);
}

int fdatasync(int fd) {
    NEXT(fdatasync);
    return flush(fd, next);
}
