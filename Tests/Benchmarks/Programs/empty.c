/* A program that ends at once, for the rows that start one. */
int main(void)
{
    return 0;
}
