#include "base/crew.h"

mw_status mw_crew_run(const mw_crew *crew, size_t piece_count, mw_crew_body body, void *context,
                      mw_error *err) {
    if (crew->run && piece_count > 1)
        return crew->run(crew, piece_count, body, context, err);
    for (size_t piece = 0; piece < piece_count; piece++) MW_TRY(body(context, piece, err));
    return MW_OK;
}
