#include "app/command_line.h"

int main(int argc, char** argv) { return gnomon::app::run(argc, argv); }
