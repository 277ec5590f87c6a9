owner: the platform team
