// The C library, line by line against that of the machine that builds.

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char order[64];

static void note(const char *what) { strcat(order, what); }
__attribute__((constructor(102))) static void second(void) { note("second "); }
__attribute__((constructor(101))) static void first(void) { note("first "); }
__attribute__((constructor)) static void third(void) { note("third "); }
__attribute__((destructor)) static void last(void) { printf("destructor\n"); }
static void at_exit(void) { printf("atexit\n"); }

static void bits(double x)
{
	uint64_t value;
	memcpy(&value, &x, sizeof x);
	printf("%016" PRIx64 " ", value);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void strings(void)
{
	const char *words[] = {"pear", "fig", "apple", "quince", "date"};
	char text[40], copy[8] = "abcdefg";
	qsort(words, 5, sizeof *words, compare);
	for (int i = 0; i < 5; i++) printf("%s:%zu ", words[i], strlen(words[i]));
	const char *key = "fig";
	printf("%td\n", (const char **)bsearch(&key, words, 5, sizeof *words, compare) - words);
	memmove(copy + 2, copy, 5);
	memset(text, '-', 9);
	memcpy(text + 3, "xyz", 3);
	text[9] = 0;
	printf("%.7s %s %d %d\n", copy, text, memcmp("abc", "abd", 3) < 0, strncmp("ab", "ac", 1));
	printf("%s %s %s\n", strchr("key=value", '='), strrchr("a/b/c", '/'), strstr("haystack", "st"));
	strcpy(text, "one,two;three");
	for (char *part = strtok(text, ",;"); part; part = strtok(NULL, ",;")) printf("<%s>", part);
	for (const char *c = "aZ5 !"; *c; c++)
		printf(" %d%d%c", !!isalpha(*c), !!isspace(*c), toupper(*c));
	printf("\n");
}

static void numbers(void)
{
	char *end;
	printf("%d %u %x %#X %o %5d|%-5d|%05d %+d %c %%\n", INT_MIN, UINT_MAX, 48879, 48879, 8, 42, 42,
	       42, 7, 'q');
	printf("%lld %llu %" PRIx64 " %hhd %.3s %*d %p\n", LLONG_MIN, ULLONG_MAX, UINT64_C(1) << 40, 300,
	       "abcdef", 6, -3, (void *)0x1234);
	printf("%f %.3f %e %g %g %G %.0f %a\n", 3.14159265, -2.5, 6.02e23, 1e-5, 100000.0, 1e20, 2.5, 1.5);
	printf("%.15g %.15g %g %g\n", 0.1, 1.0 / 3, INFINITY, -INFINITY);
	printf("%ld %ld %lu %d", strtol("-0x1f;", &end, 0), strtol("zz", NULL, 36),
	       strtoul("777", NULL, 8), *end);
	printf(" %d\n", atoi(" 99x"));
	bits(strtod("1.7976931348623157e308", NULL));
	bits(atof("-12.3e-3"));
	bits(strtod("4.9e-324", NULL));
	errno = 0;
	printf("%d %d\n", strtoll("99999999999999999999", NULL, 10) == LLONG_MAX, errno == ERANGE);
	int a, b;
	char word[8];
	float f;
	printf("%d %d %s %d %g\n", sscanf("12 abc 0x2a 1.5", "%d %7s %x %f", &a, word, (unsigned *)&b, &f),
	       a, word, b, f);
	div_t q = div(-17, 5);
	printf("%d %d %d %lld\n", q.quot, q.rem, abs(-5), llabs(-5000000000LL));
}

static void mathematics(void)
{
	static const double values[] = {2, 10.25, -0.75, 123456.789};
	for (int i = 0; i < 4; i++) {
		double x = values[i], y = fabs(x);
		// These are exact or correctly rounded everywhere.
		bits(sqrt(y)), bits(floor(x)), bits(ceil(x)), bits(fmod(x, 0.3)), bits(x * x / 3 - y);
		float v = (float)x;
		bits(sqrtf(fabsf(v))), bits(v * v), bits(1 / v), bits((float)(x / 7)), bits(trunc(x));
		printf("%lld %g\n", llround(x), round(x / 3));
		printf("%.12g %.12g %.12g %.12g", sin(x), log(y), exp(x / 20000), pow(y, 1.5));
		printf(" %.12g %.12g\n", atan2(x, 2), tanh(x));
	}
}

static void memory(void)
{
	void *blocks[20];
	unsigned sum = 0;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20; i++) {
			unsigned char *p = blocks[i] = malloc(10 + 7 * i);
			if (!p || (uintptr_t)p % 8) printf("malloc\n");
			memset(p, i, 10 + 7 * i);
		}
		for (int i = 0; i < 20; i += 2) blocks[i] = realloc(blocks[i], 300);
		for (int i = 0; i < 20; i++) sum = sum * 31 + ((unsigned char *)blocks[i])[9];
		for (int i = 0; i < 20; i++) free(blocks[(7 * i) % 20]);
	}
	int *zero = calloc(50, sizeof *zero);
	for (int i = 0; i < 50; i++) sum += zero[i];
	free(zero);
	// All of what was freed is there again, and more than there is, is not.
	void *large = malloc(500000);
	printf("%u %d", sum, large != NULL);
	free(large);
	volatile size_t more = SIZE_MAX / 2;
	printf(" %d\n", malloc(more) == NULL);
}

static void format(char *to, size_t size, const char *how, ...)
{
	va_list list;
	va_start(list, how);
	int length = vsnprintf(to, size, how, list);
	va_end(list);
	printf("%d [%s]\n", length, to);
}

int main(int argc, char **argv)
{
	char text[12];
	static jmp_buf place;
	printf("%s%d\n", order, argc > 0 && argv[argc] != NULL);
	strings();
	numbers();
	mathematics();
	memory();
	format(text, sizeof text, "%d-%s", 123456, "truncated");
	if (setjmp(place) == 0) longjmp(place, 5);
	else puts("longjmp");
	atexit(at_exit);
	fprintf(stdout, "%d %d", getchar(), feof(stdin) != 0);
	putchar('\n');
	fflush(stdout);
}
