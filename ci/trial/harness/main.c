// SPDX-License-Identifier: MIT
/* main.c -- stand-in for the tool: just the verbs that the scripts call. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "usb/magic.h"

static uint8_t *slurp(const char *path, size_t *len)
{
	struct stat st;
	if (stat(path, &st) || !S_ISREG(st.st_mode)) {
		fprintf(stderr, "gauntlet: %s: not a file\n", path);
		exit(2);
	}
	FILE *f = fopen(path, "rb");
	uint8_t *d = malloc((size_t)st.st_size + 1);
	*len = f ? fread(d, 1, (size_t)st.st_size, f) : 0;
	if (f)
		fclose(f);
	return d;
}

static int hash_files(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t len;
		uint8_t *d = slurp(argv[i], &len);
		uint64_t h = 14695981039346656037ull;
		for (size_t k = 0; k < len; k++)
			h = (h ^ d[k]) * 1099511628211ull;
		free(d);
		printf("%016llx %s\n", (unsigned long long)h, argv[i]);
	}
	return 0;
}

/* The list of known findings, as the real tool takes it: the bucket stands in it. */
static int is_known(int argc, char **argv)
{
	char list[4096] = "";
	FILE *f = fopen("corpus/known-findings", "rb");
	if (f) {
		list[fread(list, 1, sizeof(list) - 1, f)] = 0;
		fclose(f);
	}
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--strict"))
			return 0;
	return strstr(list, "00aa11bb") != NULL;
}

static int repro(const char *path, int known)
{
	size_t len;
	uint8_t *d = slurp(path, &len);
	int hit = usb_magic_check(d, len);
	free(d);
	if (strstr(path, ".saved-"))
		return puts("VIOLATED xHCI 4.23.2 goes on as saved at op 1 [bucket 00aa22cc]") > 0;
	puts(!hit ? "CLEAN"
		     : known
		     ? "VIOLATED USB2 9.9 magic at op 3 [bucket 00aa11bb], known: CVE-0000-0000"
		     : "VIOLATED USB2 9.9 magic at op 3 [bucket 00aa11bb]");
	return hit;
}

/* Each case goes on the same, unless FORGETS is set. */
static int saves(const char *out)
{
	char path[4096];
	if (!getenv("FORGETS"))
		return puts("3 of 3 cases, saved at 9 places: 0 go on otherwise") < 0;
	snprintf(path, sizeof(path), "%s/x.saved-0.ops", out);
	FILE *f = fopen(path, "wb");
	if (!f || fclose(f))
		return 2;
	return puts("3 of 3 cases, saved at 9 places: 1 go on otherwise") > 0;
}

static int encode_dir(const char *in, const char *out)
{
	DIR *dir = opendir(in);
	struct dirent *e;
	while (dir && (e = readdir(dir))) {
		char *dot = strrchr(e->d_name, '.');
		if (!dot || (strcmp(dot, ".ops") && strcmp(dot, ".hex")))
			continue;
		char src[4096], dst[4096];
		snprintf(src, sizeof(src), "%s/%s", in, e->d_name);
		snprintf(dst, sizeof(dst), "%s/%.*s.bin", out, (int)(dot - e->d_name), e->d_name);
		size_t len;
		uint8_t *d = slurp(src, &len);
		FILE *f = fopen(dst, "wb");
		fwrite(d, 1, len, f);
		fclose(f);
		free(d);
	}
	if (dir)
		closedir(dir);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "run"))
		return hash_files(argc - 3, argv + 3);
	if (argc > 2 && !strcmp(argv[1], "repro"))
		return repro(argv[2], is_known(argc - 3, argv + 3));
	if (argc == 6 && !strcmp(argv[1], "encode"))
		return encode_dir(argv[3], argv[5]);
	if (argc > 1 && !strcmp(argv[1], "dict"))
		return puts("magic=\"USB\"") < 0;
	if (argc == 11 && !strcmp(argv[1], "determinism") && !strcmp(argv[7], "--output"))
		return saves(argv[8]);
	if (argc > 1 && (!strcmp(argv[1], "determinism") || !strcmp(argv[1], "vacuity")))
		return 0;
	return 2;
}
