// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <sys/stat.h>
#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int one(const char *path)
{
	struct stat st;
	if (stat(path, &st))
		return 2;
	if (S_ISDIR(st.st_mode)) {
		DIR *d = opendir(path);
		struct dirent *e;
		while ((e = readdir(d))) {
			char sub[4096];
			snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
			if (e->d_name[0] != '.')
				one(sub);
		}
		closedir(d);
		return 0;
	}
	FILE *f = fopen(path, "rb");
	uint8_t *buf = malloc((size_t)st.st_size);
	size_t n = fread(buf, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(buf, n);
	free(buf);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (one(argv[i]))
			return 2;
	return 0;
}
