/* Drives a timeline of libmillwright for edge_test.py. Lines of words, parted by tabs, come in:

       push NOW STREAM VALUE...     correct NOW STREAM VALUE... becomes VALUE...
       predict NOW VALUE...         rank NOW VALUE...        next NOW

   with times in us, and values as n:NAME=NUMBER or t:NAME=TEXT. For each prediction `ID T NUMBER`
   goes out, for what is refused `! MESSAGE`. */
#include <inttypes.h>
#include <millwright.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 1 << 16, VALUES_MAX = 64 };

/* The next word of `line`, or of the one before if it is NULL; NULL at its end. */
static char *next_word(char *line) {
    return strtok(line, "\t\n"); /* tidy: the line is ours, and there is one thread */
}

static mw_row read_row(mw_value *values) {
    mw_row row = {values, 0};
    for (char *word = next_word(NULL); word && strcmp(word, "becomes") != 0;
         word = next_word(NULL)) {
        char *text = strchr(word, '=');
        *text++ = '\0';
        values[row.count++] =
            *word == 'n' ? mw_number(word + 2, strtod(text, NULL)) : mw_text(word + 2, text);
    }
    return row;
}

static void answer(mw_reply reply) {
    printf("%s %" PRId64 " %.17g\n", reply.id, reply.t_us, reply.prediction);
}

static mw_result rank(mw_timeline *timeline, int64_t now, mw_row row, mw_problem *problem) {
    size_t count = 0;
    mw_reply reply;
    mw_result result = mw_timeline_rank(timeline, now, row, &count, problem);
    for (size_t i = 0; result == MW_DONE && i < count; i++) {
        result = mw_timeline_ranked(timeline, i, &reply, problem);
        if (result == MW_DONE) answer(reply);
    }
    return result;
}

static mw_result run(mw_timeline *timeline, const char *verb, mw_problem *problem) {
    mw_value values[VALUES_MAX], others[VALUES_MAX];
    mw_reply reply;
    int64_t now = strtoll(next_word(NULL), NULL, 10);
    if (strcmp(verb, "push") == 0) {
        const char *stream = next_word(NULL);
        return mw_timeline_push(timeline, now, stream, read_row(values), problem);
    }
    if (strcmp(verb, "correct") == 0) {
        const char *stream = next_word(NULL);
        mw_change rows = {.before = read_row(values)};
        rows.after = read_row(others);
        return mw_timeline_correct(timeline, now, stream, rows, problem);
    }
    if (strcmp(verb, "rank") == 0) return rank(timeline, now, read_row(values), problem);
    if (strcmp(verb, "predict") == 0) {
        mw_result result =
            mw_timeline_predict(timeline, now, read_row(values), &reply, problem);
        if (result == MW_DONE) answer(reply);
        return result;
    }
    bool found = true;
    while (found) {
        mw_result result = mw_timeline_next(timeline, now, &reply, &found, problem);
        if (result != MW_DONE) return result;
        if (found) answer(reply);
    }
    return MW_DONE;
}

int main(int count, char **words) {
    static char line[LINE_SIZE];
    mw_problem problem;
    mw_model *model;
    mw_timeline *timeline;
    if (count != 2 || mw_model_open(words[1], &model, &problem) != MW_DONE ||
        mw_timeline_create(model, &timeline, &problem) != MW_DONE)
        return fprintf(stderr, "%s\n", problem.message), 1;
    while (fgets(line, sizeof line, stdin)) {
        const char *verb = next_word(line);
        if (run(timeline, verb, &problem) != MW_DONE) printf("! %s\n", problem.message);
    }
    mw_timeline_destroy(timeline);
    mw_model_close(model);
    return 0;
}
