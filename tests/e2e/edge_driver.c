/* Drives a timeline of libmillwright for edge_test.py. Lines of words, parted by tabs, come in:

       push NOW STREAM VALUE...     correct NOW STREAM VALUE... becomes VALUE...
       predict NOW VALUE...         rank NOW VALUE...        next NOW
       features ID VALUE...

   with times in us, and values as n:NAME=NUMBER or t:NAME=TEXT. For each prediction `ID T NUMBER`
   goes out, and of classes ` CLASS`, the one that is answered, and ` CLASS=PROBABILITY` for each,
   named in hex; for what is refused `! MESSAGE`. */
#include <inttypes.h>
#include <millwright.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 1 << 16, VALUES_MAX = 512, CLASSES_MAX = 256 };

static mw_model *model;

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

static void print_hex(const char *text) {
    for (putchar(' '); *text; text++) printf("%02x", (unsigned char)*text);
}

static void answer(const char *id, mw_reply reply, const double *probabilities) {
    printf("%s %" PRId64 " %.17g", id, reply.t_us, reply.prediction);
    if (*reply.class_name) print_hex(reply.class_name);
    for (size_t i = 0; i < mw_model_class_count(model); i++) {
        print_hex(mw_model_class_name(model, i));
        printf("=%.17g", probabilities[i]);
    }
    putchar('\n');
}

static void answer_of(const mw_timeline *timeline, mw_reply reply) {
    answer(reply.id, reply, mw_timeline_probabilities(timeline));
}

static mw_result of_features(mw_problem *problem) {
    static mw_value values[VALUES_MAX];
    double probabilities[CLASSES_MAX];
    mw_reply reply;
    const char *id = next_word(NULL);
    mw_row row = read_row(values);
    size_t count = mw_model_class_count(model);
    mw_result result = mw_model_predict(model, row, &reply, problem);
    if (result == MW_DONE && count > 0)
        result = mw_model_probabilities(model, row, probabilities, count, problem);
    if (result == MW_DONE) answer(id, reply, probabilities);
    return result;
}

static mw_result rank(mw_timeline *timeline, int64_t now, mw_row row, mw_problem *problem) {
    size_t count = 0;
    mw_reply reply;
    mw_result result = mw_timeline_rank(timeline, now, row, &count, problem);
    for (size_t i = 0; result == MW_DONE && i < count; i++) {
        result = mw_timeline_ranked(timeline, i, &reply, problem);
        if (result == MW_DONE) answer_of(timeline, reply);
    }
    return result;
}

static mw_result run(mw_timeline *timeline, const char *verb, mw_problem *problem) {
    mw_value values[VALUES_MAX], others[VALUES_MAX];
    mw_reply reply;
    if (strcmp(verb, "features") == 0) return of_features(problem);
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
        if (result == MW_DONE) answer_of(timeline, reply);
        return result;
    }
    bool found = true;
    while (found) {
        mw_result result = mw_timeline_next(timeline, now, &reply, &found, problem);
        if (result != MW_DONE) return result;
        if (found) answer_of(timeline, reply);
    }
    return MW_DONE;
}

int main(int count, char **words) {
    static char line[LINE_SIZE];
    mw_problem problem;
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
