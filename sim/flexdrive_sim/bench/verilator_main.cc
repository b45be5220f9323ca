// Drives the streams of a chip from files, without pauses, and stores what it sends: the same
// cycles as run_streams with willing ends. Arguments: descriptors weights pixels (files of
// little-endian 32, 32 and 16 bit words; weights in as many words as they need), words expected on
// o_pixels, file for them. Prints cycles and CPU seconds.
#include "Vhyperdrive_chip.h"
#include "verilated.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

double sc_time_stamp() { return 0; }

template <class Word> std::vector<Word> read(const char *path) {
	std::vector<Word> words;
	FILE *file = fopen(path, "rb");
	if (!file) exit(1);
	Word word;
	while (fread(&word, sizeof word, 1, file) == 1) words.push_back(word);
	fclose(file);
	return words;
}

int main(int, char **arguments) {
	auto descriptors = read<uint32_t>(arguments[1]);
	auto weights = read<uint32_t>(arguments[2]);
	auto pixels = read<uint16_t>(arguments[3]);
	const size_t expected = atol(arguments[4]);
	std::vector<uint16_t> results;
	size_t d = 0, w = 0, p = 0, reports = 0, reports_expected = atol(arguments[6]);
	VerilatedContext context;
	Vhyperdrive_chip chip{&context};
	auto cycle = [&] {
		chip.clk = 0;
		chip.eval();
		chip.clk = 1;
		chip.eval();
	};
	chip.rst = 1;
	cycle();
	chip.rst = 0;
	chip.o_pixels_ready = 1;
	chip.o_reports_ready = 1;
	uint64_t cycles = 0;
	const clock_t start = clock();
	while (results.size() < expected || reports < reports_expected) {
		chip.i_descriptors_valid = d < descriptors.size();
		if (d < descriptors.size()) chip.i_descriptors_payload = descriptors[d];
		chip.i_weights_valid = w < weights.size();
		if (w < weights.size()) chip.i_weights_payload = weights[w];
		chip.i_pixels_valid = p < pixels.size();
		if (p < pixels.size()) chip.i_pixels_payload = pixels[p];
		chip.clk = 0;
		chip.eval();
		d += chip.i_descriptors_valid & chip.i_descriptors_ready;
		w += chip.i_weights_valid & chip.i_weights_ready;
		p += chip.i_pixels_valid & chip.i_pixels_ready;
		if (chip.o_pixels_valid) results.push_back(chip.o_pixels_payload);
		reports += chip.o_reports_valid;
		chip.clk = 1;
		chip.eval();
		cycles++;
	}
	printf("%llu %f\n", (unsigned long long)cycles,
	       double(clock() - start) / CLOCKS_PER_SEC);
	FILE *file = fopen(arguments[5], "wb");
	if (!file || fwrite(results.data(), 2, results.size(), file) != results.size()) return 1;
	return fclose(file);
}
