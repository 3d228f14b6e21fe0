#include "model/forest_kernels.h"

#include <string.h>

/* Halving without a branch. The answer lies from `from` on, within `left` numbers. */
static void rank_plain(const mw_rank_scale *scale, const double *values, size_t count,
                       uint16_t *out_ranks) {
    for (size_t i = 0; i < count; i++) {
        const double *from = scale->thresholds;
        for (size_t left = scale->page_count * MW_RANK_PAGE; left > 1;) {
            size_t half = left / 2;
            from += from[half - 1] < values[i] ? half : 0;
            left -= half;
        }
        out_ranks[i] = (uint16_t)(from - scale->thresholds);
    }
}

static void rows_plain(const mw_lane_split *splits, size_t split_count,
                       const int8_t *columns, uint8_t *out_leaves) {
    int8_t leaves[MW_LANE_ROWS];
    memset(leaves, -MW_LANE_BIAS, sizeof leaves);
    for (size_t j = 0; j < split_count; j++) {
        mw_lane_split split = splits[j];
        const int8_t *column = columns + (size_t)split.column * MW_LANE_ROWS;
        int8_t here = (int8_t)((int)j + 1 - MW_LANE_BIAS);
        for (size_t row = 0; row < MW_LANE_ROWS; row++) {
            bool moves = (column[row] > split.bin) & (leaves[row] >= split.start);
            leaves[row] = moves ? here : leaves[row];
        }
    }
    for (size_t row = 0; row < MW_LANE_ROWS; row++)
        out_leaves[row] = (uint8_t)(leaves[row] + MW_LANE_BIAS);
}

static void set_plain(const uint8_t *bits, size_t size, const uint16_t *categories,
                      int8_t *out_column) {
    (void)size;
    for (size_t row = 0; row < MW_LANE_ROWS; row++) {
        bool is_left = bits[categories[row] / 8] >> categories[row] % 8 & 1;
        out_column[row] = is_left ? MW_LANE_LEFT : MW_LANE_RIGHT;
    }
}

#if defined __x86_64__

#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi2,popcnt")))
#define INLINE inline __attribute__((always_inline))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,bmi2,popcnt")))

/* Which of four numbers lie below `value`: each all ones or none. */
AVX2 static inline __m256i four_below_avx2(const double *numbers, __m256d value) {
    return _mm256_castpd_si256(_mm256_cmp_pd(_mm256_loadu_pd(numbers), value, _CMP_LT_OQ));
}

/* How many of 16 numbers lie below `value`. They ascend, so any order of the bits will do. */
AVX2 static inline unsigned below_avx2(const double *numbers, __m256d value) {
    __m256i first = _mm256_packs_epi32(four_below_avx2(numbers, value),
                                       four_below_avx2(numbers + 4, value));
    __m256i last = _mm256_packs_epi32(four_below_avx2(numbers + 8, value),
                                      four_below_avx2(numbers + 12, value));
    unsigned bits = (unsigned)_mm256_movemask_epi8(_mm256_packs_epi16(first, last));
    return (unsigned)_mm_popcnt_u32(bits) / 2; /* two bytes each */
}

AVX512 static inline unsigned below_avx512(const double *numbers, __m512d value) {
    __mmask8 low = _mm512_cmp_pd_mask(_mm512_loadu_pd(numbers), value, _CMP_LT_OQ);
    __mmask8 high = _mm512_cmp_pd_mask(_mm512_loadu_pd(numbers + 8), value, _CMP_LT_OQ);
    return (unsigned)_mm_popcnt_u32(_mm512_kunpackb(high, low));
}

AVX2 static void rank_avx2(const mw_rank_scale *scale, const double *values, size_t count,
                           uint16_t *out_ranks) {
    if (scale->page_count > 1) {
        rank_plain(scale, values, count, out_ranks);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        __m256d value = _mm256_set1_pd(values[i]);
        unsigned first = MW_RANK_NODE * below_avx2(scale->pivots, value);
        out_ranks[i] = (uint16_t)(first + below_avx2(scale->thresholds + first, value));
    }
}

AVX512 static void rank_avx512(const mw_rank_scale *scale, const double *values, size_t count,
                               uint16_t *out_ranks) {
    if (scale->page_count > 1) {
        rank_plain(scale, values, count, out_ranks);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        __m512d value = _mm512_set1_pd(values[i]);
        unsigned first = MW_RANK_NODE * below_avx512(scale->pivots, value);
        out_ranks[i] = (uint16_t)(first + below_avx512(scale->thresholds + first, value));
    }
}

enum { XMM = 16, YMM = 32, ZMM = 64, YMMS = MW_LANE_ROWS / YMM, ZMMS = MW_LANE_ROWS / ZMM };

AVX2 static void rows_avx2(const mw_lane_split *splits, size_t split_count,
                           const int8_t *columns, uint8_t *out_leaves) {
    const __m256i bias = _mm256_set1_epi8(-MW_LANE_BIAS);
    __m256i leaves[YMMS], here = bias;
    for (int v = 0; v < YMMS; v++) leaves[v] = bias;
    for (size_t j = 0; j < split_count; j++) {
        const int8_t *column = columns + (size_t)splits[j].column * MW_LANE_ROWS;
        __m256i bin = _mm256_set1_epi8(splits[j].bin);
        __m256i start = _mm256_set1_epi8(splits[j].start);
        here = _mm256_sub_epi8(here, _mm256_set1_epi8(-1));
        for (int v = 0; v < YMMS; v++) {
            __m256i ranks = _mm256_loadu_si256((const __m256i *)(const void *)(column + v * YMM));
            __m256i moves = _mm256_andnot_si256(_mm256_cmpgt_epi8(start, leaves[v]),
                                                _mm256_cmpgt_epi8(ranks, bin));
            leaves[v] = _mm256_blendv_epi8(leaves[v], here, moves);
        }
    }
    for (int v = 0; v < YMMS; v++)
        _mm256_storeu_si256((__m256i *)(void *)(out_leaves + v * YMM),
                            _mm256_sub_epi8(leaves[v], bias));
}

AVX512 static void rows_avx512(const mw_lane_split *splits, size_t split_count,
                               const int8_t *columns, uint8_t *out_leaves) {
    const __m512i bias = _mm512_set1_epi8(-MW_LANE_BIAS);
    __m512i leaves[ZMMS], here = bias;
    for (int v = 0; v < ZMMS; v++) leaves[v] = bias;
    for (size_t j = 0; j < split_count; j++) {
        const int8_t *column = columns + (size_t)splits[j].column * MW_LANE_ROWS;
        __m512i bin = _mm512_set1_epi8(splits[j].bin);
        __m512i start = _mm512_set1_epi8(splits[j].start);
        here = _mm512_sub_epi8(here, _mm512_set1_epi8(-1));
        for (int v = 0; v < ZMMS; v++) {
            __mmask64 right = _mm512_cmpgt_epi8_mask(_mm512_loadu_si512(column + v * ZMM), bin);
            __mmask64 moves = _mm512_mask_cmpge_epi8_mask(right, leaves[v], start);
            leaves[v] = _mm512_mask_mov_epi8(leaves[v], moves, here);
        }
    }
    for (int v = 0; v < ZMMS; v++)
        _mm512_storeu_si512(out_leaves + v * ZMM, _mm512_sub_epi8(leaves[v], bias));
}

/* The low bytes of 64 numbers. */
AVX512 static inline __m512i low_bytes(__m512i first, __m512i second) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi16_epi8(first)),
                              _mm512_cvtepi16_epi8(second), 1);
}

AVX512 static void set_avx512(const uint8_t *bits, size_t size, const uint16_t *categories,
                              int8_t *out_column) {
    if (size > MW_SET_SIZE) {
        set_plain(bits, size, categories, out_column);
        return;
    }
    const __m512i low = _mm512_loadu_si512(bits), high = _mm512_loadu_si512(bits + ZMM);
    const __m512i powers = _mm512_set1_epi64((int64_t)0x8040201008040201);
    const __m512i left = _mm512_set1_epi8(MW_LANE_LEFT), right = _mm512_set1_epi8(MW_LANE_RIGHT);
    for (int v = 0; v < ZMMS; v++) {
        __m512i first = _mm512_loadu_si512(categories + v * ZMM);
        __m512i second = _mm512_loadu_si512(categories + v * ZMM + ZMM / 2);
        __m512i bytes = low_bytes(_mm512_srli_epi16(first, 3), _mm512_srli_epi16(second, 3));
        __m512i place = _mm512_and_si512(low_bytes(first, second), _mm512_set1_epi8(7));
        __mmask64 is_left = _mm512_test_epi8_mask(_mm512_permutex2var_epi8(low, bytes, high),
                                                  _mm512_shuffle_epi8(powers, place));
        _mm512_storeu_si512(out_column + v * ZMM, _mm512_mask_mov_epi8(right, is_left, left));
    }
}

/* Bit number `bit` of each name chooses: a shift brings it to the top of its byte, that is read. */
AVX2 INLINE static __m256i choose_avx2(__m256i zero, __m256i one, __m256i names, int bit) {
    return _mm256_blendv_epi8(zero, one, _mm256_slli_epi16(names, 7 - bit));
}

AVX2 INLINE static __m256i of_two_avx2(const __m256i *tables, __m256i names) {
    return choose_avx2(_mm256_shuffle_epi8(tables[0], names),
                       _mm256_shuffle_epi8(tables[1], names), names, 4);
}

/* The bytes that 32 names stand for, in two, four or eight tables of 16. */
AVX2 INLINE static __m256i look_up_avx2(const __m256i *tables, int table_count, __m256i names) {
    __m256i low = of_two_avx2(tables, names);
    if (table_count == 2) return low;
    low = choose_avx2(low, of_two_avx2(tables + 2, names), names, 5);
    if (table_count == 4) return low;
    __m256i high = choose_avx2(of_two_avx2(tables + 4, names), of_two_avx2(tables + 6, names),
                               names, 5);
    return choose_avx2(low, high, names, 6);
}

/* 32 bits as bytes: all ones or none. */
AVX2 INLINE static __m256i spread_avx2(uint64_t bits) {
    const __m256i powers = _mm256_set1_epi64x((int64_t)0x8040201008040201);
    const __m256i places = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202,
                                              0x0303030303030303);
    __m256i bytes = _mm256_shuffle_epi8(_mm256_set1_epi32((int)(uint32_t)bits), places);
    return _mm256_cmpeq_epi8(_mm256_and_si256(bytes, powers), powers);
}

AVX2 INLINE static __m256i load_avx2(const void *bytes) {
    return _mm256_loadu_si256(bytes);
}

AVX2 INLINE static __m256i table_avx2(const void *bytes) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes));
}

/* The low bytes of 32 numbers below 256. */
AVX2 INLINE static __m256i low_bytes_avx2(__m256i first, __m256i second) {
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(first, second), 0xd8);
}

AVX2 static void set_avx2(const uint8_t *bits, size_t size, const uint16_t *categories,
                          int8_t *out_column) {
    enum { TABLES = MW_SET_SIZE / XMM };
    if (size > MW_SET_SIZE) {
        set_plain(bits, size, categories, out_column);
        return;
    }
    __m256i tables[TABLES];
    for (int i = 0; i < TABLES; i++) tables[i] = table_avx2(bits + i * XMM);
    const __m256i powers = _mm256_set1_epi64x((int64_t)0x8040201008040201);
    const __m256i left = _mm256_set1_epi8(MW_LANE_LEFT), right = _mm256_set1_epi8(MW_LANE_RIGHT);
    const __m256i seven = _mm256_set1_epi16(7);
    for (int v = 0; v < YMMS; v++) {
        __m256i first = load_avx2(categories + v * YMM);
        __m256i second = load_avx2(categories + v * YMM + YMM / 2);
        __m256i bytes = low_bytes_avx2(_mm256_srli_epi16(first, 3), _mm256_srli_epi16(second, 3));
        __m256i place = low_bytes_avx2(_mm256_and_si256(first, seven),
                                       _mm256_and_si256(second, seven));
        __m256i power = _mm256_shuffle_epi8(powers, place);
        __m256i found = _mm256_and_si256(look_up_avx2(tables, TABLES, bytes), power);
        __m256i side = _mm256_blendv_epi8(right, left, _mm256_cmpeq_epi8(found, power));
        _mm256_storeu_si256((__m256i *)(void *)(out_column + v * YMM), side);
    }
}

AVX2 INLINE static void row_tables_avx2(const mw_lane_step *steps, size_t step_count,
                                        const mw_lane_row *row, int table_count,
                                        uint8_t *out_leaves) {
    const __m256i bias = _mm256_set1_epi8(-MW_LANE_BIAS);
    __m256i tables[MW_LANE_ROW_COLUMNS_MAX / XMM], leaves[] = {bias, bias}, here = bias;
    for (int i = 0; i < table_count; i++)
        tables[i] = table_avx2(row->columns + i * XMM);
    for (size_t j = 0; j < step_count; j++) {
        here = _mm256_sub_epi8(here, _mm256_set1_epi8(-1));
        for (int v = 0; v < 2; v++) {
            __m256i ranks =
                look_up_avx2(tables, table_count, load_avx2(steps[j].columns + v * YMM));
            __m256i right = _mm256_cmpgt_epi8(ranks, load_avx2(steps[j].bins + v * YMM));
            if (row->has_sets)
                right = _mm256_or_si256(right, spread_avx2(row->rights[j] >> (v * YMM)));
            __m256i starts = load_avx2(steps[j].starts + v * YMM);
            __m256i moves = _mm256_andnot_si256(_mm256_cmpgt_epi8(starts, leaves[v]), right);
            leaves[v] = _mm256_blendv_epi8(leaves[v], here, moves);
        }
    }
    for (int v = 0; v < 2; v++)
        _mm256_storeu_si256((__m256i *)(void *)(out_leaves + v * YMM),
                            _mm256_sub_epi8(leaves[v], bias));
}

AVX2 static void row_avx2(const mw_lane_step *steps, size_t step_count, const mw_lane_row *row,
                          uint8_t *out_leaves) {
    if (row->column_count <= 2 * XMM) row_tables_avx2(steps, step_count, row, 2, out_leaves);
    else if (row->column_count <= 4 * XMM) row_tables_avx2(steps, step_count, row, 4, out_leaves);
    else row_tables_avx2(steps, step_count, row, 8, out_leaves);
}

AVX512 static void row_avx512(const mw_lane_step *steps, size_t step_count, const mw_lane_row *row,
                              uint8_t *out_leaves) {
    const __m512i bias = _mm512_set1_epi8(-MW_LANE_BIAS);
    const uint64_t *rights = row->rights;
    __m512i low = _mm512_loadu_si512(row->columns);
    __m512i high = _mm512_loadu_si512(row->columns + ZMM);
    __m512i leaves = bias, here = bias;
    for (size_t j = 0; j < step_count; j++) {
        __m512i ranks =
            _mm512_permutex2var_epi8(low, _mm512_loadu_si512(steps[j].columns), high);
        __mmask64 right = _mm512_cmpgt_epi8_mask(ranks, _mm512_loadu_si512(steps[j].bins));
        __mmask64 moves = _mm512_mask_cmpge_epi8_mask(right | rights[j], leaves,
                                                      _mm512_loadu_si512(steps[j].starts));
        here = _mm512_sub_epi8(here, _mm512_set1_epi8(-1));
        leaves = _mm512_mask_mov_epi8(leaves, moves, here);
    }
    _mm512_storeu_si512(out_leaves, _mm512_sub_epi8(leaves, bias));
}

mw_lanes_kind mw_lanes_best(void) {
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    bool has_avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vbmi");
    if (has_avx2 && has_avx512) return MW_LANES_AVX512;
    return has_avx2 ? MW_LANES_AVX2 : MW_LANES_PLAIN;
}

static const char *const names[MW_LANES_COUNT] = {"plain", "avx2", "avx512"};
static const mw_forest_kernels kernels[MW_LANES_COUNT] = {
    {.rank = rank_plain, .rows = rows_plain, .set = set_plain},
    {.rank = rank_avx2, .rows = rows_avx2, .set = set_avx2, .row = row_avx2},
    {.rank = rank_avx512, .rows = rows_avx512, .set = set_avx512, .row = row_avx512},
};

#elif defined __aarch64__

#include <arm_neon.h>

enum { LANES = 16, VECTORS = MW_LANE_ROWS / LANES };
enum { TABLE = 64 }; /* bytes that one look-up reaches */

static inline unsigned below_neon(const double *numbers, float64x2_t value) {
    uint64x2_t count = vdupq_n_u64(0);
    for (int i = 0; i < MW_RANK_NODE; i += 2)
        count = vsubq_u64(count, vcltq_f64(vld1q_f64(numbers + i), value)); /* -1 where it is */
    return (unsigned)vaddvq_u64(count);
}

static void rank_neon(const mw_rank_scale *scale, const double *values, size_t count,
                      uint16_t *out_ranks) {
    if (scale->page_count > 1) {
        rank_plain(scale, values, count, out_ranks);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        float64x2_t value = vdupq_n_f64(values[i]);
        unsigned first = MW_RANK_NODE * below_neon(scale->pivots, value);
        out_ranks[i] = (uint16_t)(first + below_neon(scale->thresholds + first, value));
    }
}

static void rows_neon(const mw_lane_split *splits, size_t split_count, const int8_t *columns,
                      uint8_t *out_leaves) {
    const int8x16_t bias = vdupq_n_s8(-MW_LANE_BIAS);
    int8x16_t leaves[VECTORS], here = bias;
    for (int v = 0; v < VECTORS; v++) leaves[v] = bias;
    for (size_t j = 0; j < split_count; j++) {
        const int8_t *column = columns + (size_t)splits[j].column * MW_LANE_ROWS;
        int8x16_t bin = vdupq_n_s8(splits[j].bin), start = vdupq_n_s8(splits[j].start);
        here = vaddq_s8(here, vdupq_n_s8(1));
        for (int v = 0; v < VECTORS; v++) {
            uint8x16_t right = vcgtq_s8(vld1q_s8(column + v * LANES), bin);
            uint8x16_t moves = vandq_u8(right, vcgeq_s8(leaves[v], start));
            leaves[v] = vbslq_s8(moves, here, leaves[v]);
        }
    }
    for (int v = 0; v < VECTORS; v++)
        vst1q_u8(out_leaves + v * LANES, vreinterpretq_u8_s8(vsubq_s8(leaves[v], bias)));
}

/* 128 bytes to look up in. */
typedef struct {
    uint8x16x4_t low, high;
} table;

static inline table load_table(const uint8_t *bytes) {
    return (table){vld1q_u8_x4(bytes), vld1q_u8_x4(bytes + TABLE)};
}

static inline uint8x16_t look_up(const table *in, uint8x16_t places) {
    uint8x16_t found = vqtbl4q_u8(in->low, places); /* 0 where a place is past the table */
    return vqtbx4q_u8(found, in->high, vsubq_u8(places, vdupq_n_u8(TABLE)));
}

static inline uint8x16_t bit_powers(void) {
    return vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
}

static void set_neon(const uint8_t *bits, size_t size, const uint16_t *categories,
                     int8_t *out_column) {
    if (size > MW_SET_SIZE) {
        set_plain(bits, size, categories, out_column);
        return;
    }
    const table set = load_table(bits);
    const int8x16_t left = vdupq_n_s8(MW_LANE_LEFT), right = vdupq_n_s8(MW_LANE_RIGHT);
    for (int v = 0; v < VECTORS; v++) {
        uint16x8_t first = vld1q_u16(categories + v * LANES);
        uint16x8_t second = vld1q_u16(categories + v * LANES + LANES / 2);
        uint8x16_t bytes = vcombine_u8(vshrn_n_u16(first, 3), vshrn_n_u16(second, 3));
        uint8x16_t place = vcombine_u8(vmovn_u16(first), vmovn_u16(second));
        uint8x16_t power = vqtbl1q_u8(bit_powers(), vandq_u8(place, vdupq_n_u8(7)));
        uint8x16_t is_left = vtstq_u8(look_up(&set, bytes), power);
        vst1q_s8(out_column + v * LANES, vbslq_s8(is_left, left, right));
    }
}

/* Sixteen bits, from `first` on, as bytes: all ones or none. */
static inline uint8x16_t spread(uint64_t bits, int first) {
    uint8x8_t low = vdup_n_u8((uint8_t)(bits >> first));
    uint8x8_t high = vdup_n_u8((uint8_t)(bits >> (first + LANES / 2)));
    return vtstq_u8(vcombine_u8(low, high), bit_powers());
}

static void row_neon(const mw_lane_step *steps, size_t step_count, const mw_lane_row *row,
                     uint8_t *out_leaves) {
    const table columns = load_table((const uint8_t *)row->columns);
    const int8x16_t bias = vdupq_n_s8(-MW_LANE_BIAS);
    int8x16_t leaves[MW_LANE_TREES / LANES], here = bias;
    for (int v = 0; v < MW_LANE_TREES / LANES; v++) leaves[v] = bias;
    for (size_t j = 0; j < step_count; j++) {
        here = vaddq_s8(here, vdupq_n_s8(1));
        for (int v = 0; v < MW_LANE_TREES / LANES; v++) {
            int first = v * LANES;
            int8x16_t ranks =
                vreinterpretq_s8_u8(look_up(&columns, vld1q_u8(steps[j].columns + first)));
            uint8x16_t right = vorrq_u8(vcgtq_s8(ranks, vld1q_s8(steps[j].bins + first)),
                                        spread(row->rights[j], first));
            int8x16_t starts = vld1q_s8(steps[j].starts + first);
            uint8x16_t moves = vandq_u8(right, vcgeq_s8(leaves[v], starts));
            leaves[v] = vbslq_s8(moves, here, leaves[v]);
        }
    }
    for (int v = 0; v < MW_LANE_TREES / LANES; v++)
        vst1q_u8(out_leaves + v * LANES, vreinterpretq_u8_s8(vsubq_s8(leaves[v], bias)));
}

mw_lanes_kind mw_lanes_best(void) { return MW_LANES_NEON; } /* every one of them has it */

static const char *const names[MW_LANES_COUNT] = {"plain", "neon"};
static const mw_forest_kernels kernels[MW_LANES_COUNT] = {
    {.rank = rank_plain, .rows = rows_plain, .set = set_plain},
    {.rank = rank_neon, .rows = rows_neon, .set = set_neon, .row = row_neon},
};

#else

mw_lanes_kind mw_lanes_best(void) { return MW_LANES_PLAIN; }

static const char *const names[MW_LANES_COUNT] = {"plain"};
static const mw_forest_kernels kernels[MW_LANES_COUNT] = {
    {.rank = rank_plain, .rows = rows_plain, .set = set_plain}};

#endif

const char *mw_lanes_name(mw_lanes_kind kind) {
    MW_ASSERT(kind < MW_LANES_COUNT);
    return names[kind];
}

const mw_forest_kernels *mw_forest_kernels_of(mw_lanes_kind kind) {
    MW_ASSERT(kind <= mw_lanes_best());
    return &kernels[kind];
}
