#include "cli/command.h"
#include "sys/process.h"

int main(int argument_count, char **arguments) {
    mw_process_hold_standard_files();
    mw_process_outlive_full_files();
    return mw_command_main(mw_sys_real(), argument_count, arguments);
}
