/* What a decision looks up for every number, and nothing else: may it be known, does it stand on the register?
 * Compiled by floors.py to see what a compiled decision would gain. It prefetches 64 numbers ahead. */

#include <stddef.h>
#include <stdint.h>

enum { AHEAD = 64 };

static uint64_t mixed(uint64_t number) {
    number *= 0x9E3779B97F4A7C15u;
    number ^= number >> 32;
    number *= 0xD6E8FEB86659FD93u;
    return number ^ number >> 29;
}

static uint8_t bit(const uint8_t *bits, uint64_t place) { return bits[place >> 3] >> (place & 7) & 1; }

/* Writes for each phone: bit 0 where it may be known, bit 1 where it is registered. Index sizes are powers of two. */
void probe(const uint64_t *phones, size_t rows, uint64_t account, const uint8_t *index, int log2_bits,
           const uint8_t *registered, uint64_t first, uint64_t numbers, uint8_t *found) {
    const uint64_t salt = account * 0xD1342543DE82EF95u, mask = (1ull << log2_bits) - 1;
    uint64_t hashes[AHEAD], places[AHEAD];
    for (size_t row = 0; row < rows; row += AHEAD) {
        const size_t end = rows - row < AHEAD ? rows - row : AHEAD;
        for (size_t i = 0; i < end; i++) {
            const uint64_t place = phones[row + i] - first;
            hashes[i] = mixed(phones[row + i] ^ salt);
            places[i] = place < numbers ? place : numbers;
            __builtin_prefetch(index + (hashes[i] >> (64 - log2_bits) >> 3));
            __builtin_prefetch(registered + (places[i] >> 3));
        }
        for (size_t i = 0; i < end; i++) {
            uint8_t known = bit(index, hashes[i] >> (64 - log2_bits));
            if (known) known = bit(index, hashes[i] & mask);
            found[row + i] = known | bit(registered, places[i]) << 1;
        }
    }
}
