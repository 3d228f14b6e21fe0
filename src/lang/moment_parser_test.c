#include "lang/parser.h"

#include "testing/declare.h"
#include "testing/test.h"

MW_TEST(moments_of_events_are_read) {
    static const mw_test_mistake cases[] = {
        {"orders", ":3:11: models.m.moment: expected on STREAM or every SPAN for KEYS of "
                   "STREAM, got orders\n"},
        {"on", ":3:13: models.m.moment: expected a stream's name, got the end of the expression\n"},
        {"on orders at 3", ":3:24: models.m.moment: expected time, got 3\n"},
        {"on orders at time",
         ":3:28: models.m.moment: expected + or - and a span, got the end of the expression\n"},
        {"on orders at time - 3",
         ":3:31: models.m.moment: expected a span such as 24h, got 3\n"
         "    The unit stands right behind the number: us, ms, s, m, h, d or w.\n"},
        {"on orders time - 1h",
         ":3:21: models.m.moment: expected at time - SPAN, or the end of the moment, got time\n"},
        {"on orders at time - 1h twice",
         ":3:34: models.m.moment: expected an operator or the end of the expression, got twice\n"},
        {"on orders each note item", ":3:31: models.m.moment: expected as, got item\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: count(orders by shop over next 1d)\n"
                           "  moment: ",
                           cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS);
}

MW_TEST(moments_of_schedules_are_read) {
    static const mw_test_mistake cases[] = {
        {"every", ":3:16: models.m.moment: expected a span such as 24h, got the end of the "
                  "expression\n"},
        {"every 7h for shop of orders",
         ":3:17: models.m.moment: a schedule's span must divide a day, or be whole days\n"},
        {"every 1d at \"mon 06:00\" for shop of orders",
         ":3:17: models.m.moment: a schedule on a weekday must be every 7d, or 14d ...\n"},
        {"every 1h at \"06:00\" for shop of orders",
         ":3:17: models.m.moment: a schedule at a time of day must be every 1d, or 2d ...\n"},
        {"every 7d at \"monday 06:00\" for shop of orders",
         ":3:23: models.m.moment: expected a time of day such as \"06:00\" or \"mon 06:00\", got "
         "\"monday 06:00\"\n"},
        {"every 1d at \"24:00\" for shop of orders",
         ":3:23: models.m.moment: expected a time of day such as \"06:00\" or \"mon 06:00\", got "
         "\"24:00\"\n"},
        {"every 1d shop of orders", ":3:20: models.m.moment: expected for, got shop\n"},
        {"every 1d for shop orders", ":3:29: models.m.moment: expected of, got orders\n"},
        {"every 1d for shop of orders over 3",
         ":3:44: models.m.moment: expected a span such as 24h, got 3\n"
         "    The unit stands right behind the number: us, ms, s, m, h, d or w.\n"},
        {"every 1d for shop of orders ahead 1d",
         ":3:47: models.m.moment: expected .., got the end of the expression\n"},
        {"every 1d for shop of orders ahead 1d..7d twice",
         ":3:52: models.m.moment: expected an operator or the end of the expression, got twice\n"},
    };
    mw_test_check_mistakes("model m:\n"
                           "  label: count(orders by shop over next 1d)\n"
                           "  moment: ",
                           cases, sizeof cases / sizeof cases[0], MW_TEST_SHOPS);
}
