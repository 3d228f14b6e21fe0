/* Predicts from the values of the features, without a server:

       millwright models export late --output late.mwm
       cc predict.c -lmillwright -lm -o predict
       ./predict late.mwm carrier=UA origin=EWR minute=1035

   What is left out is missing. millwright.h tells the rest: events in place of features. */
#include <millwright.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 1000 };

int main(int count, char **words) {
    static mw_value values[VALUES_MAX];
    mw_problem problem;
    mw_model *model;
    mw_reply reply;
    if (count < 2 || count - 2 > VALUES_MAX) return fputs("predict FILE [NAME=VALUE...]\n", stderr), 2;
    for (int i = 2; i < count; i++) {
        char *text = strchr(words[i], '='), *end = text;
        if (!text) return fprintf(stderr, "%s: must be NAME=VALUE\n", words[i]), 2;
        *text++ = '\0';
        double number = strtod(text, &end);
        values[i - 2] = *end == '\0' && end > text ? mw_number(words[i], number) : mw_text(words[i], text);
    }
    mw_result result = mw_model_open(words[1], &model, &problem);
    if (result != MW_DONE) return fprintf(stderr, "%s\n", problem.message), 1;
    result = mw_model_predict(model, (mw_row){values, (size_t)count - 2}, &reply, &problem);
    if (result == MW_DONE)
        printf("%.17g %s\n", reply.prediction, *reply.class_name ? reply.class_name : reply.decision ? "yes" : "no");
    else fprintf(stderr, "%s\n", problem.message);
    mw_model_close(model);
    return result == MW_DONE ? 0 : 1;
}
