#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "commands.h"

namespace edgerun::journal {

namespace {

constexpr const char* kHelp = R"(usage: edgerun-journal DIRECTORY [list | verify | export]

Looks into the journal of a job zone, the DIRECTORY of edgerun_job_zone's
"journal=". Changes nothing there. Best for a stopped server; of a running one
the last records may be missing.

  list      writers, their segments, and how many jobs there are (default)
  verify    whether all can be read and jobs are whole: each problem on a line
  export    one JSON object a line for each job that is not erased, oldest first

A writer is one worker process. "in use": it lives. "free": it has left, and
its jobs wait for the server, or for its next start.

Exit status: 0; 1 if there is a problem, which is told on stderr; 2 if the
command line is wrong or there is no such directory.
)";

struct Command {
    std::string_view name;
    bool (*run)(const std::string& directory, const Contents& contents);
};

constexpr Command kCommands[] = {
    {"list", listJobs},
    {"verify", verifyJobs},
    {"export", exportJobs},
};

const Command* findCommand(std::string_view name) {
    for (const Command& command : kCommands) {
        if (command.name == name) {
            return &command;
        }
    }
    return nullptr;
}

int refuse(const std::string& reason) {
    tellProblem(reason);
    std::fputs("edgerun-journal --help tells more\n", stderr);
    return 2;
}

bool isDirectory(const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0) {
        return false;
    }
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode);
}

int run(const std::string& directory, const Command& command) {
    const auto contents = readContents(directory);
    if (!contents) {
        tellProblem("the server removes files faster than they can be read: try again");
        return 1;
    }
    for (const std::string& problem : contents->problems) {
        tellProblem(problem);
    }
    bool isWell = command.run(directory, *contents) && contents->problems.empty();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        tellProblem(std::string("cannot write: ") + std::strerror(errno));
        isWell = false;
    }
    return isWell ? 0 : 1;
}

int main(int count, char** words) {
    for (int at = 1; at < count; ++at) {
        const std::string_view word = words[at];
        if (word == "--help" || word == "-h") {
            std::fputs(kHelp, stdout);
            return 0;
        }
        if (word.substr(0, 1) == "-") {
            return refuse("there is no option \"" + std::string(word) + "\"");
        }
    }
    if (count < 2 || count > 3) {
        return refuse(count < 2 ? "which directory?" : "one command at a time");
    }
    const Command* command = findCommand(count == 3 ? words[2] : "list");
    if (command == nullptr) {
        return refuse("there is no command \"" + std::string(words[2]) + "\"");
    }
    if (!isDirectory(words[1])) {
        return refuse("\"" + std::string(words[1]) + "\": " + std::strerror(errno));
    }
    return run(words[1], *command);
}

}  // namespace

void tellProblem(const std::string& problem) {
    std::fprintf(stderr, "edgerun-journal: %s\n", problem.c_str());
}

}  // namespace edgerun::journal

int main(int count, char** words) {
    return edgerun::journal::main(count, words);
}
