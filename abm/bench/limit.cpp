// The reference market of abm/bench/reference.py with nothing else in it: how fast a processor can run the definition.
//
//   c++ -std=c++17 -O3 -march=native -ffast-math -fno-finite-math-only limit.cpp -o limit
//   limit CUSTOMERS PERIODS SECONDS       one run after another for that many seconds of processor time, on one core
//
// Prints one line of JSON: customer-periods a second in the median run; of the last period of the last run, the firms'
// shares of customers and the mean satisfaction with one's own firm.
//
// A block holds all that is known of 512 customers, a row a state: some 36 KB, which stay in the nearest caches while
// these customers' whole period is worked out (learn, listen, choose), so that their states come from memory and go
// back once a period. In a row, neighbouring numbers belong to neighbouring customers, so that loops over customers
// become vector instructions. Stories alone pass from one block to another, a period after the visit.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <vector>

constexpr int FIRMS = 3, NEIGHBOURS = 8, SIZE = 512;
constexpr float REWIRED = 0.1f, TOLD = 0.05f;
constexpr float QUALITY[FIRMS] = {0.55f, 0.50f, 0.45f}, PRICE[FIRMS] = {1.0f, 1.0f, 1.0f};

struct alignas(64) Block {
    float satisfaction[FIRMS][SIZE], expectation[FIRMS][SIZE], trust[FIRMS][SIZE], points[FIRMS][SIZE];
    float pull[FIRMS][SIZE];  // 0.2 log(1 + points), worked out when points change
    float price_weight[SIZE], leaving[SIZE];
    int32_t provider[SIZE];
};

// ---- Elementary functions as polynomials, fitted at Chebyshev nodes, within 1e-6 over the range that is used

template <class To, class From> inline To bits_of(From x) {
    To y;
    std::memcpy(&y, &x, sizeof y);
    return y;
}

inline float exponential(float x) {
    x = std::min(std::max(x * 1.44269504f, -120.0f), 120.0f);  // 2**x from here on
    int32_t whole = int32_t(x + (x < 0 ? -0.5f : 0.5f));
    float r = x - float(whole);
    float p = 1.3400432e-3f;
    p = p * r + 9.6760370e-3f;
    p = p * r + 5.5503272e-2f;
    p = p * r + 0.24022107f;
    p = p * r + 0.69314721f;
    p = p * r + 1.0000001f;
    return p * bits_of<float>((whole + 127) << 23);
}

inline float logarithm(float x) {  // of a positive, normal number
    int32_t bits = bits_of<int32_t>(x), exponent = (bits - 0x3F3504F3) >> 23;
    float m = bits_of<float>(bits - exponent * (1 << 23)) - 1.0f;
    float p = -0.10134057f;
    p = p * m + 0.16234190f;
    p = p * m - 0.17247013f;
    p = p * m + 0.19898565f;
    p = p * m - 0.24970072f;
    p = p * m + 0.33335114f;
    p = p * m - 0.50000363f;
    p = p * m + 0.99999994f;
    return p * m + float(exponent) * 0.69314718f;
}

// Luck is a hash of who decides (a customer) and on what (a key for each decision and period)

struct Key {
    uint32_t first, second;
};

inline uint64_t scrambled(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

inline Key key_of(int period, int decision, int block = 0) {
    uint64_t x = scrambled(scrambled(uint64_t(period) * 4 + decision + 1) + uint64_t(block) * 0x9E3779B97F4A7C15u);
    return {uint32_t(x), uint32_t(x >> 32)};
}

inline float uniform(uint32_t who, Key key) {  // inside (0, 1)
    uint32_t x = who ^ key.first;
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15) ^ key.second) * 0x846CA68Bu;
    return (float(int32_t((x ^ (x >> 16)) >> 9)) + 0.5f) * (1.0f / 8388608.0f);
}

// ---- A period of one block

// Two normal numbers of two uniform ones (Box and Muller): half of the customers take the cosine, half the sine.
inline void draw_normals(float *normal, uint32_t first, Key key) {
    for (int i = 0; i < SIZE / 2; i++) {
        float radius = std::sqrt(-2.0f * logarithm(uniform(first + i, key)));
        float a = (uniform(first + SIZE / 2 + i, key) - 0.5f) * 1.57079633f, y = a * a;  // a quarter of the angle
        float sine = a * (1.0f + y * (-0.16666651f + y * (8.3320363e-3f - y * 1.9503963e-4f)));
        float cosine = 1.0f + y * (-0.49999905f + y * (4.1663583e-2f - y * 1.3585908e-3f));
        for (int doubled = 0; doubled < 2; doubled++) {
            float twice = 2.0f * sine * cosine;
            cosine = 1.0f - 2.0f * sine * sine;
            sine = twice;
        }
        normal[i] = radius * cosine;
        normal[SIZE / 2 + i] = radius * sine;
    }
}


// One of three numbers, by the customer's firm. All three are read, and all three written: reading or writing under a
// condition takes twice the time.
inline float of(float first, float second, float third, int32_t firm) {
    return firm == 0 ? first : firm == 1 ? second : third;
}

inline float of(const float (&rows)[FIRMS][SIZE], int32_t firm, int i) {
    return of(rows[0][i], rows[1][i], rows[2][i], firm);
}

inline void put(float (&rows)[FIRMS][SIZE], int32_t firm, int i, float x) {
    for (int j = 0; j < FIRMS; j++) rows[j][i] += (firm == j ? 1.0f : 0.0f) * (x - rows[j][i]);
}

// The visit: satisfaction, expectation and trust of the customer's firm move, those of the others stay.
void learn(Block &b, uint32_t first, Key key) {
    alignas(64) float normal[SIZE];
    draw_normals(normal, first, key);
    for (int i = 0; i < SIZE; i++) {
        int32_t firm = b.provider[i];
        float satisfied = of(b.satisfaction, firm, i), expected = of(b.expectation, firm, i);
        float trusted = of(b.trust, firm, i);
        float gap = of(QUALITY[0], QUALITY[1], QUALITY[2], firm) + 0.1f * normal[i] - expected;
        satisfied += 0.3f * (1.0f / (1.0f + exponential(-4.0f * gap)) - satisfied);
        put(b.satisfaction, firm, i, satisfied);
        put(b.expectation, firm, i, expected + 0.2f * gap);
        put(b.trust, firm, i, trusted + 0.1f * (satisfied - trusted));
    }
}

// Ties, customer by customer: those of i are start[i] up to start[i + 1]; holder is i's place in its block.
struct Ties {
    std::vector<uint32_t> start, neighbour;
    std::vector<uint16_t> holder;
};

// What neighbours told of their last visit moves trust. Instead of a draw for each tie there is one for each story:
// how many ties are passed over before the next that carries one is geometric.
void listen(Block &b, uint32_t first, const Ties &ties, const float *told, int period) {
    const float between = 1.0f / std::log1p(-TOLD);
    alignas(64) int32_t passed[SIZE / 2];
    uint32_t tie = ties.start[first] - 1, end = ties.start[first + SIZE];
    for (int drawn = 0;; drawn++) {
        Key key = key_of(period, 2 + drawn, first);
        for (int k = 0; k < SIZE / 2; k++) passed[k] = int32_t(between * logarithm(uniform(k, key)));
        for (int k = 0; k < SIZE / 2; k++) {
            tie += 1 + passed[k];
            if (tie >= end) return;
            float story = told[ties.neighbour[tie]];
            int firm = int(story * 0.5f);
            float &trust = b.trust[firm][ties.holder[tie]];
            trust += 0.1f * (story - 2.0f * float(firm) - trust);
        }
    }
}

// A firm by the logit, points there, and what may be told of it: firm and satisfaction in one number.
void choose(Block &b, uint32_t first, Key key, float *__restrict told) {
    for (int i = 0; i < SIZE; i++) {
        float utility[FIRMS];
        for (int j = 0; j < FIRMS; j++)
            utility[j] = 2.0f * b.expectation[j][i] + 1.5f * b.trust[j][i] - b.price_weight[i] * PRICE[j] +
                         b.pull[j][i] - (b.provider[i] == j ? 0.0f : b.leaving[i]);
        // The first firm's weight is 1: one exponential less
        float second = exponential(utility[1] - utility[0]), third = exponential(utility[2] - utility[0]);
        float at = uniform(first + i, key) * (1.0f + second + third);
        int32_t firm = (at > 1.0f ? 1 : 0) + (at > 1.0f + second ? 1 : 0);
        float points = of(b.points, firm, i) + of(PRICE[0], PRICE[1], PRICE[2], firm);
        put(b.points, firm, i, points);
        put(b.pull, firm, i, 0.2f * logarithm(1.0f + points));
        b.provider[i] = firm;
        told[i] = 2.0f * float(firm) + of(b.satisfaction, firm, i);
    }
}

// ---- The market

struct Market {
    int customers, blocks;
    std::vector<Block> block;
    Ties ties;
    std::vector<float> told[2];  // last period's, and what is told of this one
    explicit Market(int n);
    void start();
    void run(int periods);
};

// A ring on which each customer knows the nearest, and one tie in ten leads to anybody (Watts and Strogatz).
Ties watts_strogatz(int n, int places) {
    std::mt19937 luck(1);
    std::uniform_real_distribution<float> chance;
    std::uniform_int_distribution<int> anybody(0, n - 1);
    constexpr int HALF = NEIGHBOURS / 2;
    std::vector<int> target(size_t(n) * HALF);
    Ties ties;
    ties.start.assign(places + 1, 0);
    for (int i = 0; i < n; i++)
        for (int d = 0; d < HALF; d++) {
            int k = (i + d + 1) % n;
            if (chance(luck) < REWIRED)
                do k = anybody(luck);
                while (k == i);
            target[size_t(i) * HALF + d] = k;
            ties.start[i + 1]++, ties.start[k + 1]++;
        }
    for (int i = 0; i < places; i++) ties.start[i + 1] += ties.start[i];
    std::vector<uint32_t> next(ties.start.begin(), ties.start.end() - 1);
    ties.neighbour.resize(2 * target.size()), ties.holder.resize(2 * target.size());
    auto tie = [&](int i, int k) { ties.holder[next[i]] = i % SIZE, ties.neighbour[next[i]++] = k; };
    for (int i = 0; i < n; i++)
        for (int d = 0; d < HALF; d++) tie(i, target[size_t(i) * HALF + d]), tie(target[size_t(i) * HALF + d], i);
    return ties;
}

// The last block is filled up with customers whom nobody knows and who are not counted.
Market::Market(int n)
    : customers(n), blocks((n + SIZE - 1) / SIZE), block(blocks), ties(watts_strogatz(n, blocks * SIZE)) {
    for (auto &row : told) row.resize(size_t(blocks) * SIZE);
}

void Market::start() {
    std::mt19937 luck(2);
    std::uniform_int_distribution<int> firm(0, FIRMS - 1);
    std::gamma_distribution<float> two(2.0f), five(5.0f);
    std::lognormal_distribution<float> weight(0.0f, 0.5f);
    for (int i = 0; i < blocks * SIZE; i++) {
        Block &b = block[i / SIZE];
        int at = i % SIZE;
        for (int j = 0; j < FIRMS; j++) {
            b.satisfaction[j][at] = b.expectation[j][at] = b.trust[j][at] = 0.5f;
            b.points[j][at] = b.pull[j][at] = 0.0f;
        }
        float a = two(luck);
        b.leaving[at] = 3.0f * a / (a + five(luck));  // 3 times a switching cost ~ Beta(2, 5)
        b.price_weight[at] = weight(luck);
        b.provider[at] = firm(luck);
        told[0][i] = 2.0f * float(b.provider[at]) + 0.5f;
    }
}

void Market::run(int periods) {
    for (int t = 0; t < periods; t++) {
        Key visit = key_of(t, 0), choice = key_of(t, 1);
        for (int k = 0; k < blocks; k++) {
            uint32_t first = uint32_t(k) * SIZE;
            learn(block[k], first, visit);
            listen(block[k], first, ties, told[t % 2].data(), t);
            choose(block[k], first, choice, told[1 - t % 2].data() + first);
        }
    }
}

double processor_seconds() {
    return double(std::clock()) / CLOCKS_PER_SEC;
}

int main(int count, char **words) {
    int customers = count == 4 ? std::atoi(words[1]) : 0, periods = count == 4 ? std::atoi(words[2]) : 0;
    if (customers <= NEIGHBOURS || periods < 1) {
        std::fprintf(stderr, "usage: limit CUSTOMERS PERIODS SECONDS, with more customers than %d\n", NEIGHBOURS);
        return 2;
    }
    double seconds = std::atof(words[3]), spent = 0.0;
    Market market(customers);
    std::vector<double> rates;
    while (rates.empty() || spent < seconds) {
        market.start();
        double began = processor_seconds();
        market.run(periods);
        double took = processor_seconds() - began;
        rates.push_back(double(customers) * periods / took), spent += took;
    }
    std::nth_element(rates.begin(), rates.begin() + rates.size() / 2, rates.end());
    double share[FIRMS] = {}, satisfaction = 0.0;
    for (int i = 0; i < customers; i++) {
        const Block &b = market.block[i / SIZE];
        int firm = b.provider[i % SIZE];
        share[firm] += 1.0 / customers, satisfaction += b.satisfaction[firm][i % SIZE] / customers;
    }
    std::printf("{\"rate\": %.0f, \"shares\": [%.5f, %.5f, %.5f], \"satisfaction\": %.5f}\n", rates[rates.size() / 2],
                share[0], share[1], share[2], satisfaction);
}
