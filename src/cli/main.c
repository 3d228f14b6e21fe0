#include "cli/command.h"

int main(int argument_count, char **arguments) {
    return mw_command_main(mw_sys_real(), argument_count, arguments);
}
